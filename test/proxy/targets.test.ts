import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nearPath } from '../../src/kling/near-path.ts';
import { DEFAULT_ROUTES, ROUTES } from '../../src/kling/routes.ts';
import type { StartedApp } from '../app/start-app.ts';
import { get } from '../app/calls.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { MUTATIONS } from './target-mutations.ts';
import { CREATE_PATH, createText, exchange, requestText, Wire } from './wire.ts';

const CREATES = ROUTES.filter(({ kind }) => kind === 'create' || kind === 'sync_create').map(
  ({ template }) => template,
);

let strict: StartedApp;
let holding: StartedApp;
beforeAll(async () => {
  [strict, holding] = await Promise.all([
    startProxy({
      creates: { unknownRoute: 'refuse' },
      listen: { stripPrefixes: ['/kling', '/proxy/kling', '/kling/deep'] },
    }),
    startProxy({ creates: { unknownRoute: 'hold', unknownRouteCredits: 450 } }),
  ]);
});
afterAll(() => Promise.all([strict.stop(), holding.stop()]));

/** A path of plain segments that the table knows; dots alone make no model's name. */
const isRoute = (path: string): boolean =>
  /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$/.test(path) && DEFAULT_ROUTES.find('POST', path).kind === 'match';
const refuse = <T>(act: () => Promise<T>): Promise<T> => nothingSent(strict.emulator, act);

describe('targets', () => {
  it('refuses every mutation of every create route, and forwards none of them', async () => {
    await refuse(async () => {
      for (const path of CREATES) {
        // A new model's name makes a route of its own, held at the dearest price.
        const mutations = MUTATIONS.filter(({ make }) => !isRoute(make(path, 0.5)));
        expect(mutations.length).toBeGreaterThan(60);
        const wires = await Promise.all(
          mutations.map(async ({ make }) => {
            const wire = await Wire.open(strict.dataUrl);
            return wire.send(createText(strict.dataUrl, { path: make(path, 0.5) }));
          }),
        );
        for (const [index, wire] of wires.entries()) {
          const name = `${mutations[index]?.name}: ${mutations[index]?.make(path, 0.5)}`;
          const answer = await wire.answer();
          expect([400, 403, 404, 405], name).toContain(answer.status);
          expect(answer.json.data['word'], name).toMatch(/^(target_refused|route_not_priced)$/);
          wire.close();
        }
      }
    });
  });

  it('refuses generated mutations of mutations, unless they are a route again', async () => {
    const wire: { open: Wire | null } = { open: null };
    const asked = fc.tuple(
      fc.constantFrom(...CREATES),
      fc.array(fc.tuple(fc.constantFrom(...MUTATIONS), fc.double({ min: 0, max: 0.999, noNaN: true })), {
        minLength: 1,
        maxLength: 3,
      }),
    );
    await fc.assert(
      fc.asyncProperty(asked, async ([route, steps]) => {
        let path = route;
        for (const [{ make }, pick] of steps) path = make(path, pick);
        fc.pre(!isRoute(path));
        const before = strict.emulator.requests().length;
        if (wire.open === null || wire.open.isClosed) wire.open = await Wire.open(strict.dataUrl);
        const answer = await wire.open.send(createText(strict.dataUrl, { path })).answer();
        if (answer.header('connection') === 'close') wire.open = null;
        expect(answer.header('x-kling-sidecar')).toMatch(/^(target_refused|route_not_priced)$/);
        expect(strict.emulator.requests().length).toBe(before);
      }),
      { numRuns: 1000 },
    );
    wire.open?.close();
  });

  it('holds an unknown POST at its flat price and forwards the very path that came', async () => {
    const plain = fc
      .array(fc.stringMatching(/^[A-Za-z0-9._~-]{1,12}$/), { minLength: 1, maxLength: 5 })
      .map((segments) => `/${segments.join('/')}`)
      .filter((path) => !/\/\.{1,2}(\/|$)/.test(path));
    const { dataUrl, emulator } = holding;
    await fc.assert(
      fc.asyncProperty(plain, async (path) => {
        fc.pre(
          DEFAULT_ROUTES.find('POST', path).kind === 'unknown' &&
            nearPath(DEFAULT_ROUTES, 'POST', path) === null,
        );
        const before = emulator.requests().length;
        const answer = await exchange(dataUrl, createText(dataUrl, { path }));
        const sent = emulator.requests().slice(before);
        expect(sent.map((request) => `${request.method} ${request.path}`)).toEqual([`POST ${path}`]);
        expect(answer.header('x-kling-credits-held')).toBe('450');
        expect(answer.header('x-kling-sidecar')).toBeNull();
      }),
      { numRuns: 25 },
    );
  });

  it('forwards no dot segment, though it looks like a plain one', async () => {
    const { dataUrl, emulator } = holding;
    await nothingSent(emulator, async () => {
      for (const path of [
        '/.',
        '/..',
        '/v1/./videos/x',
        '/v1/../account/costs',
        '/tasks/..',
        '/a/.',
        '/..a/../b',
      ]) {
        for (const text of [createText(dataUrl, { path }), requestText(dataUrl, `GET ${path}`)]) {
          expectRefusal(await exchange(dataUrl, text), 'target_refused', 400, path);
        }
      }
    });
  });

  it('says which route a path misses by case or slashes', async () => {
    await refuse(async () => {
      const answer = await exchange(
        strict.dataUrl,
        createText(strict.dataUrl, { path: '/V1/videos/Text2Video' }),
      );
      expectRefusal(answer, 'target_refused', 404);
      expect(answer.json.message).toContain('/v1/videos/text2video');
    });
  });

  it('answers the usual slips of a base URL with the path that was meant, and holds and sends nothing', async () => {
    for (const { dataUrl, controlUrl, emulator } of [strict, holding]) {
      const spent = async (): Promise<unknown> =>
        ((await get(`${controlUrl}/v1/holds?limit=1000`)).json as unknown as { holds: unknown[] }).holds
          .length;
      const before = await spent();
      await nothingSent(emulator, async () => {
        for (const path of [
          `${CREATE_PATH}/`,
          `/${CREATE_PATH}`,
          `/v1${CREATE_PATH}`,
          '/videos/text2video',
          '/gateway/v1/videos/text2video',
          '/gateway/v1/v1/videos/text2video/',
        ]) {
          for (const text of [createText(dataUrl, { path }), requestText(dataUrl, `GET ${path}`)]) {
            const answer = await exchange(dataUrl, text);
            expectRefusal(answer, 'target_refused', 404, path);
            expect(answer.json.message).toContain(`did you mean ${CREATE_PATH}?`);
          }
        }
      });
      expect(await spent()).toBe(before);
    }
  });

  it('names the control plane to those who look for it on the data plane', async () => {
    for (const { dataUrl, controlUrl, emulator } of [strict, holding]) {
      await nothingSent(emulator, async () => {
        for (const path of [
          '/',
          '//',
          '/?x=1',
          '/health',
          '/healthz',
          '/livez',
          '/readyz',
          '/readyz/',
          '/metrics',
          '/favicon.ico',
        ]) {
          for (const text of [createText(dataUrl, { path }), requestText(dataUrl, `GET ${path}`)]) {
            const answer = await exchange(dataUrl, text);
            expectRefusal(answer, 'target_refused', 404, path);
            expect(answer.json.message).toContain(controlUrl);
          }
        }
      });
    }
  });

  it('refuses targets in the forms of proxies, tunnels and servers', async () => {
    const targets = [
      ['GET http://evil.example/tasks', 400],
      ['GET https://api-singapore.klingai.com/tasks', 400],
      ['GET HTTP://127.0.0.1/tasks', 400],
      ['GET //evil.example/tasks', 400],
      ['GET /\\evil.example/tasks', 400],
      ['GET /\t/evil.example', 400],
      ['GET \\tasks', 400],
      ['GET tasks', 400],
      ['GET evil.example:80', 400],
      ['GET *', 400],
      ['OPTIONS *', 405],
      ['GET /tasks#x', 400],
      ['GET /tasks?task_ids=1#x', 400],
      ['GET ?task_ids=1', 400],
      ['GET /', 404],
      [`POST ${CREATE_PATH}#x`, 400],
      [`POST ${CREATE_PATH}?duration=10&mode=pro`, 400],
      [`POST ${CREATE_PATH}?_method=GET`, 400],
      [`GET /${'a'.repeat(1100)}`, 400],
      [`GET /tasks?task_ids=${'1'.repeat(4100)}`, 400],
    ] as const;
    await refuse(async () => {
      for (const [line, status] of targets) {
        const answer = await exchange(strict.dataUrl, requestText(strict.dataUrl, line));
        expectRefusal(answer, 'target_refused', status, line.slice(0, 60));
      }
    });
  });

  it('passes percent-escapes of reads on unchanged, except those that change a path', async () => {
    const { dataUrl, emulator } = strict;
    const fine = [
      '/v1/videos/text2video/%E8%A7%86%E9%A2%91%201',
      '/v1/videos/text2video/a%20b%2Bc%3a',
      "/v1/videos/text2video/o'neil(1)!*$,:@=+",
      '/tasks?external_task_ids=%E8%A7%86,a%20b&x=%26%3D',
      '/v1/videos/text2video?pageNum=1&pageSize=30&pageNum=2',
      '/tasks?task_ids=1?2/3',
    ];
    for (const target of fine) {
      await exchange(dataUrl, requestText(dataUrl, `GET ${target}`));
      expect(emulator.requests().at(-1)?.path, target).toBe(target);
    }
    await refuse(async () => {
      for (const hex of ['00', '2F', '2f', '5C', '5c', '2E', '2e', '25']) {
        for (const target of [`/v1/videos/text2video/a%${hex}b`, `/tasks?task_ids=a%${hex}b`]) {
          const answer = await exchange(dataUrl, requestText(dataUrl, `GET ${target}`));
          expectRefusal(answer, 'target_refused', 400, target);
        }
      }
      for (const target of [
        '/v1/%76ideos/text2video/1',
        '/tasks?a=%',
        '/tasks?a=%2',
        '/tasks?a=%zz',
        '/tasks?a="b"',
        '/tasks?a=<b>',
      ]) {
        expectRefusal(
          await exchange(dataUrl, requestText(dataUrl, `GET ${target}`)),
          'target_refused',
          400,
          target,
        );
      }
    });
  });

  it('takes off one configured prefix, and nothing that only looks like one', async () => {
    const { dataUrl, emulator } = strict;
    for (const prefix of ['/kling', '/proxy/kling']) {
      const answer = await exchange(dataUrl, createText(dataUrl, { path: prefix + CREATE_PATH }));
      expect(answer.status, prefix).toBe(200);
      expect(emulator.requests().at(-1)?.path).toBe(CREATE_PATH);
      expect(answer.header('x-kling-credits-held')).toBe('10');
    }
    await refuse(async () => {
      const tries = [
        `/kling/kling${CREATE_PATH}`,
        `/klingx${CREATE_PATH}`,
        `/Kling${CREATE_PATH}`,
        `/kling/${CREATE_PATH}`,
        `//kling${CREATE_PATH}`,
        `/kling%2F${CREATE_PATH.slice(1)}`,
        `/kling/..${CREATE_PATH}`,
        `/kling//evil.example${CREATE_PATH}`,
        `/kling/\\evil.example${CREATE_PATH}`,
        '/kling',
        '/kling/',
      ];
      for (const path of tries) {
        const answer = await exchange(dataUrl, createText(dataUrl, { path }));
        expect(answer.header('x-kling-sidecar'), path).toMatch(/^(target_refused|route_not_priced)$/);
      }
    });
  });

  it('knows no path of the control plane, and the control plane none of Kling', async () => {
    const { dataUrl, controlUrl, emulator } = strict;
    for (const path of [
      '/openapi.json',
      '/v1/status',
      '/v1/budgets',
      '/v1/holds',
      '/v1/freeze',
      '/_emulator/book',
    ]) {
      const answer = await exchange(dataUrl, requestText(dataUrl, `GET ${path}`));
      expect(answer.header('x-kling-sidecar'), path).toBeNull();
      if (!path.startsWith('/_emulator')) expect(answer.json.code, path).toBe(1203);
      expectRefusal(await exchange(dataUrl, createText(dataUrl, { path })), 'route_not_priced', 403, path);
    }
    await nothingSent(emulator, async () => {
      for (const path of ['/tasks?task_ids=1', CREATE_PATH, '/account/costs']) {
        expect((await get(controlUrl + path)).status, path).toBe(404);
      }
    });
  });
});
