import { describe, expect, it } from 'vitest';
import { modelNames } from '../../src/kling/models.ts';
import { findRoute, ROUTES, routesWith, UNKNOWN_CREATE, type KlingRoute } from '../../src/kling/routes.ts';

const route = (method: string, path: string): KlingRoute => {
  const found = findRoute(method, path);
  if (found.kind !== 'match') throw new Error(`${method} ${path} is ${found.kind}`);
  return found.route;
};

describe('routes', () => {
  it.each([
    ['POST', '/text-to-video/kling-3.0-turbo', 'create', 'text-to-video', 'kling-v3-turbo', 'new'],
    ['POST', '/image-to-video/kling-2.5-turbo', 'create', 'image-to-video', 'kling-v2-5-turbo', 'new'],
    ['POST', '/omni-video/kling-o1', 'create', 'omni-video', 'kling-video-o1', 'new'],
    ['POST', '/omni-video/kling-3.0-omni', 'create', 'omni-video', 'kling-v3-omni', 'new'],
    ['POST', '/motion-control/kling-2.6', 'create', 'motion-control', 'kling-v2-6', 'new'],
    ['POST', '/text-to-video/kling-9.0', 'create', 'text-to-video', 'other', 'new'],
    ['POST', '/text-to-video/kling-4.0', 'create', 'text-to-video', 'kling-v4', 'new'],
    ['POST', '/image-to-video/kling-4.0-flash', 'create', 'image-to-video', 'kling-v4-flash', 'new'],
    ['POST', '/omni-video/kling-4.0', 'create', 'omni-video', 'kling-v4', 'new'],
    ['POST', '/text-to-image/kling-image-4.0', 'create', 'image', 'kling-image-4.0', 'new'],
    ['POST', '/omni-image/kling-long-image-4.0', 'create', 'omni-image', 'kling-long-image-4.0', 'new'],
    ['POST', '/text-to-video/kling-3.0-omni', 'create', 'text-to-video', 'kling-v3-omni', 'new'],
    ['POST', '/image-to-video/kling-o1', 'create', 'image-to-video', 'kling-video-o1', 'new'],
    ['GET', '/tasks', 'read', 'task-read', null, 'new'],
    ['POST', '/tasks', 'read', 'task-list', null, 'new'],
    ['POST', '/v1/videos/text2video', 'create', 'text-to-video', null, 'legacy'],
    ['GET', '/v1/videos/text2video', 'read', 'task-list', null, 'legacy'],
    ['GET', '/v1/videos/text2video/893605946402811985', 'read', 'task-read', null, 'legacy'],
    ['HEAD', '/v1/videos/text2video/1', 'read', 'task-read', null, 'legacy'],
    ['POST', '/v1/videos/multi-elements/init-selection', 'sync_create', 'elements-selection', null, 'legacy'],
    ['POST', '/v1/audio/tts', 'sync_create', 'tts', null, 'legacy'],
    ['POST', '/v1/images/editing/expand', 'create', 'image-expand', null, 'legacy'],
    ['POST', '/v1/general/custom-elements', 'write', 'library', null, 'legacy'],
    ['GET', '/v1/general/presets-voices', 'read', 'library', null, 'legacy'],
    ['POST', '/v1/general/delete-voices', 'write', 'library', null, 'legacy'],
    ['GET', '/account/costs', 'read', 'account', null, 'account'],
    ['POST', '/account/billing/package', 'read', 'account', null, 'account'],
  ])('%s %s is a %s of %s', (...[method, path, kind, operation, urlModel, generation]) => {
    expect(route(method, path)).toMatchObject({ kind, operation, urlModel, generation });
  });

  it('gives the parameters and a template that is fit for a label', () => {
    expect(findRoute('GET', '/v1/videos/effects/abc')).toMatchObject({
      route: { template: '/v1/videos/effects/{id}', queryPath: '/v1/videos/effects' },
      params: { id: 'abc' },
    });
    expect(findRoute('POST', '/omni-video/kling-9')).toMatchObject({
      route: { template: '/omni-video/{model}' },
      params: { model: 'kling-9' },
    });
  });

  it('names the methods that a path takes', () => {
    expect(findRoute('PUT', '/v1/videos/text2video')).toEqual({
      kind: 'method',
      allowed: ['GET', 'HEAD', 'POST'],
    });
    expect(findRoute('GET', '/v1/audio/tts')).toEqual({ kind: 'method', allowed: ['POST'] });
    expect(findRoute('DELETE', '/v1/videos/text2video/1')).toEqual({
      kind: 'method',
      allowed: ['GET', 'HEAD'],
    });
    expect(findRoute('GET', '/text-to-video/kling-4.0')).toEqual({ kind: 'method', allowed: ['POST'] });
    expect(findRoute('POST', '/v1/general/presets-voices')).toEqual({
      kind: 'method',
      allowed: ['GET', 'HEAD'],
    });
  });

  it('knows no other path: exact, case-sensitive, without slashes at the end', () => {
    const paths = [
      '/',
      '',
      '/V1/videos/text2video',
      '/v1/videos/text2video/',
      '/v1//videos/text2video',
      '/v2/videos/text2video',
    ];
    const more = [
      '/v1/videos/goods-studio',
      '/text-to-video',
      '/text-to-video/',
      '/text-to-video/a/b',
      '/tasks/1',
      '/v1/videos/text2video/1/2',
    ];
    for (const path of [...paths, ...more])
      expect(findRoute('POST', path), path).toEqual({ kind: 'unknown' });
    expect(findRoute('POST', '/v1/videos/text2video/cancel')).toEqual({ kind: 'unknown' });
    expect(findRoute('GET', '/__proto__/x')).toEqual({ kind: 'unknown' });
  });

  it('has each template once per method, and a single query for every legacy task', () => {
    const keys = ROUTES.map(({ method, template }) => `${method} ${template}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const made of ROUTES.filter(
      ({ kind, generation }) => kind === 'create' && generation === 'legacy',
    )) {
      expect(route('GET', `${made.queryPath}/1`)).toMatchObject({
        operation: 'task-read',
        product: made.product,
      });
      expect(route('GET', made.template)).toMatchObject({ operation: 'task-list' });
      expect(made).toMatchObject({ knowsExternalId: true, batchReadable: true });
    }
    for (const made of ROUTES.filter(({ kind }) => kind === 'sync_create')) {
      expect(made).toMatchObject({ knowsExternalId: false, batchReadable: false, queryPath: null });
    }
  });

  it('finds a route again by its template, as the store keeps it', () => {
    const table = routesWith([]);
    for (const made of ROUTES) expect(table.byTemplate(made.template, made.method)).toBe(made);
    expect(table.byTemplate('/omni-video/{model}')).toMatchObject({ urlModel: 'other' });
    expect(table.byTemplate(UNKNOWN_CREATE.template)).toBeNull();
  });

  it('writes no external id into creates of Kling 4.0, in any spelling of its segment', () => {
    const v4 = ['kling-4.0', 'kling-4.0-flash', 'kling-4.0-turbo', 'Kling-4.0'];
    for (const family of ['text-to-video', 'image-to-video', 'omni-video', 'motion-control']) {
      for (const segment of v4) {
        const { knowsExternalId } = route('POST', `/${family}/${segment}`) ?? {};
        expect(knowsExternalId, `${family} ${segment}`).toBe(false);
      }
      expect(route('POST', `/${family}/kling-3.0`)).toMatchObject({ knowsExternalId: true });
    }
    for (const segment of ['kling-image-4.0', 'kling-long-image-4.0']) {
      for (const family of ['text-to-image', 'image-to-image', 'omni-image'])
        expect(route('POST', `/${family}/${segment}`)).toMatchObject({
          knowsExternalId: false,
          product: 'image',
        });
    }
  });

  it('knows no path of pictures by a model that it does not know', () => {
    expect(findRoute('POST', '/text-to-image/kling-9')).toEqual({ kind: 'unknown' });
  });

  it('gives a model of the path the name that the config has for it, and the template of all such models', () => {
    const table = routesWith([], modelNames(['kling-v9', 'studio']));
    const modelOf = (path: string): unknown => {
      const found = table.find('POST', path);
      return found.kind === 'match' ? [found.route.urlModel, found.route.template] : found.kind;
    };
    expect(modelOf('/text-to-video/kling-v9')).toEqual(['kling-v9', '/text-to-video/{model}']);
    expect(modelOf('/text-to-video/kling-9.0')).toEqual(['kling-v9', '/text-to-video/{model}']);
    expect(modelOf('/omni-video/studio')).toEqual(['studio', '/omni-video/{model}']);
    expect(modelOf('/omni-video/kling-8')).toEqual(['other', '/omni-video/{model}']);
  });

  it('adds the routes of price overrides, in the generation of their path', () => {
    const amount = { per: 'task', credits: 1 } as const;
    const open = { operation: null, model: null, mode: null, sound: null, from: null };
    const table = routesWith([
      { ...open, path: '/v1/videos/goods-studio', amount },
      { ...open, path: '/goods/kling-1', amount },
      { ...open, path: '/v1/videos/text2video', amount },
    ]);
    expect(table.find('POST', '/v1/videos/goods-studio')).toMatchObject({
      route: {
        kind: 'create',
        generation: 'legacy',
        queryPath: '/v1/videos/goods-studio',
        operation: 'unknown',
      },
    });
    expect(table.find('POST', '/goods/kling-1')).toMatchObject({
      route: { generation: 'new', queryPath: null },
    });
    expect(table.routes.length).toBe(ROUTES.length + 2);
    expect(table.find('POST', '/v1/videos/other')).toEqual({ kind: 'unknown' });
  });
});
