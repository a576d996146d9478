import { describe, expect, it } from 'vitest';
import { nearPath } from '../../src/kling/near-path.ts';
import { ROUTES, routesWith } from '../../src/kling/routes.ts';

const table = routesWith([]);
const near = (method: string, path: string): string | null => nearPath(table, method, path);

describe('the known path that a wrong one most likely means', () => {
  it.each([
    ['POST', '/v1/videos/text2video/', '/v1/videos/text2video'],
    ['POST', '//v1/videos/text2video', '/v1/videos/text2video'],
    ['POST', '/v1//videos//text2video//', '/v1/videos/text2video'],
    ['POST', '/v1/v1/videos/text2video', '/v1/videos/text2video'],
    ['POST', '/videos/text2video', '/v1/videos/text2video'],
    ['POST', '/kling/v1/videos/text2video', '/v1/videos/text2video'],
    ['POST', '/api/kling/v1/videos/text2video/', '/v1/videos/text2video'],
    ['POST', '/kling/videos/text2video', '/v1/videos/text2video'],
    ['POST', '/V1/Videos/Text2Video', '/v1/videos/text2video'],
    ['POST', '/v1/text-to-video/kling-3.0', '/text-to-video/kling-3.0'],
    ['GET', '/v1/tasks', '/tasks'],
    ['GET', '//tasks', '/tasks'],
    ['HEAD', '/videos/text2video/871', '/v1/videos/text2video/871'],
    ['GET', '/v1/v1/videos/text2video/aBc', '/v1/videos/text2video/aBc'],
    ['GET', '/v1/videos/text2video/871/', '/v1/videos/text2video/871'],
    ['GET', '/v1/account/costs', '/account/costs'],
    ['POST', '/general/presets-voices', '/v1/general/presets-voices'],
  ])('takes %s %s for %s', (method, path, meant) => {
    expect(near(method, path)).toBe(meant);
  });

  it('finds every create route behind each usual mistake', () => {
    const creates = ROUTES.filter(({ kind }) => kind === 'create' || kind === 'sync_create');
    expect(creates.length).toBeGreaterThan(30);
    for (const { template } of creates) {
      const bare = template.replace(/^\/v1/, '');
      for (const slip of [`${template}/`, `/v1${template}`, `/kling${template}`, `/${template}`]) {
        expect(near('POST', slip), slip).toBe(template);
      }
      if (bare !== template) expect(near('POST', bare), bare).toBe(template);
    }
  });

  it('counts no path as wrong that Kling has or may have later', () => {
    for (const path of [
      '/v1/videos/text2video',
      '/v1/videos/goods',
      '/v1/brand/new',
      '/v2/videos/text2video',
      '/api/v3/videos/text2video',
      '/v1/videos/text2video/871/cancel',
      '/v1/videos/text2video/cancel',
      '/v1/images/tasks',
      '/v1/videos/images/generations',
    ]) {
      expect(near('POST', path), path).toBeNull();
    }
  });

  it('gives no hint for a path that is not plain', () => {
    for (const path of [
      '//evil.example/tasks',
      '/v1/v1/videos/../tasks',
      '/./tasks',
      '/v1/%76ideos/text2video/',
      `/${'a/'.repeat(600)}tasks`,
      '',
      '/',
    ]) {
      expect(near('GET', path), path).toBeNull();
    }
  });
});
