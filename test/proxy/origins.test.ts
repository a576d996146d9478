import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { load, problemAt } from '../config/load-text.ts';
import type { StartedApp } from '../app/start-app.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { CREATE_BODY, CREATE_PATH, JSON_TYPE, createText, exchange, requestText } from './wire.ts';

const ALLOWED = ['app://studio', 'http://localhost:3000', 'https://tool.example'];

let started: StartedApp;
let url = '';
beforeAll(async () => {
  started = await startProxy({ listen: { allowedOrigins: ALLOWED } });
  url = started.dataUrl;
});
afterAll(() => started.stop());

const preflight = (origin: string, more: readonly string[] = []): string =>
  requestText(url, `OPTIONS ${CREATE_PATH}`, {
    headers: [
      `Origin: ${origin}`,
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Headers: Authorization, content-type,x-kling-tag, bad header, x-stainless-os',
      'Sec-Fetch-Site: cross-site',
      ...more,
    ],
  });
const corsOf = (lines: readonly (readonly [string, string])[]): Record<string, string> =>
  Object.fromEntries(lines.filter(([name]) => /^access-control-|^cross-origin-/i.test(name)));

describe('pages of allowed origins', () => {
  it('have their preflights answered: their origin, our methods, the headers that they named, no cookies', async () => {
    await nothingSent(started.emulator, async () => {
      for (const origin of ALLOWED) {
        const answer = await exchange(url, preflight(origin));
        expect(answer.status, origin).toBe(204);
        expect(corsOf(answer.lines)).toEqual({
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'GET, HEAD, POST',
          'access-control-allow-headers': 'authorization, content-type, x-kling-tag, x-stainless-os',
          'access-control-expose-headers': expect.stringContaining('x-kling-credits-held') as string,
          'access-control-max-age': '600',
        });
        expect(answer.header('vary')).toBe('origin');
      }
      for (const network of ['Private', 'Local']) {
        const answer = await exchange(
          url,
          preflight('app://studio', [`Access-Control-Request-${network}-Network: true`]),
        );
        expect(Object.keys(corsOf(answer.lines)).join()).not.toContain('network');
      }
    });
  });

  it('create, read, and read our refusals', async () => {
    for (const origin of ALLOWED) {
      for (const site of ['cross-site', 'same-site', 'same-origin']) {
        const headers = [`Origin: ${origin}`, `Sec-Fetch-Site: ${site}`];
        const made = await exchange(url, createText(url, { headers }));
        expect(made.status, origin).toBe(200);
        expect(made.header('access-control-allow-origin')).toBe(origin);
        expect(made.header('x-kling-credits-held')).toBe('10');
        const read = await exchange(url, requestText(url, 'GET /tasks?task_ids=1', { headers }));
        expect(read.status).toBe(200);
        expect(read.header('access-control-allow-origin')).toBe(origin);
        const refused = await exchange(url, createText(url, { headers, body: '{"a":1,"a":2}' }));
        expect(refused.status).toBe(400);
        expect(refused.header('x-kling-sidecar')).toBe('body_refused');
        expect(refused.header('access-control-allow-origin')).toBe(origin);
        expect(started.emulator.requests().at(-1)?.headers).not.toHaveProperty('origin');
      }
    }
  });

  it('are the only ones: a similar origin is refused, and reads nothing', async () => {
    await nothingSent(started.emulator, async () => {
      for (const origin of [
        'http://localhost:3001',
        'http://localhost',
        'https://localhost:3000',
        'http://127.0.0.1:3000',
        'http://LOCALHOST:3000',
        'http://localhost:3000.evil.example',
        'http://localhost:30000',
        'http://localhost:3000/',
        'http://localhost:3000, http://evil.example',
        'https://evil.tool.example',
        'https://tool.example.evil',
        'https://tool.example:8443',
        'app://studio2',
        'app://',
        'null',
        '*',
        '',
      ]) {
        const headers = [`Origin: ${origin}`];
        expectRefusal(await exchange(url, createText(url, { headers })), 'browser_refused', 403, origin);
        const asked = await exchange(url, preflight(origin));
        expect(asked.status, origin).toBe(403);
        expect(corsOf(asked.lines), origin).toEqual({});
      }
    });
  });

  it('do not open another door: other methods, other hosts, requests without an origin, form posts', async () => {
    await nothingSent(started.emulator, async () => {
      const origin = `Origin: ${ALLOWED[1]}`;
      const rebound = await exchange(url, createText(url, { headers: [origin], host: 'evil.example' }));
      expectRefusal(rebound, 'host_refused', 421);
      const reboundAsk = await exchange(
        url,
        requestText(url, `OPTIONS ${CREATE_PATH}`, {
          headers: [origin, 'Access-Control-Request-Method: POST'],
          host: 'evil.example',
        }),
      );
      expect(reboundAsk.status).toBe(421);
      const image = requestText(url, 'GET /tasks?task_ids=1', { headers: ['Sec-Fetch-Site: cross-site'] });
      expectRefusal(await exchange(url, image), 'browser_refused', 403);
      const twice = createText(url, { headers: [origin, 'Origin: http://evil.example'] });
      expect((await exchange(url, twice)).status).toBe(400);
      const form = requestText(url, `POST ${CREATE_PATH}`, {
        headers: [origin, 'Content-Type: text/plain'],
        body: CREATE_BODY,
      });
      expect((await exchange(url, form)).status).toBe(415);
      for (const line of [`PUT ${CREATE_PATH}`, `OPTIONS ${CREATE_PATH}`]) {
        expect((await exchange(url, requestText(url, line, { headers: [origin] }))).status, line).toBe(405);
      }
      const control = started.controlUrl;
      const order = requestText(control, 'POST /v1/freeze', {
        headers: [origin, JSON_TYPE, `Authorization: Bearer ${started.token}`],
        body: '{"reason":"x"}',
      });
      expect((await exchange(control, order)).status).toBe(403);
    });
  });

  it('are those of the config that was read last', async () => {
    const origin = `Origin: ${ALLOWED[0]}`;
    await started.reload({ listen: { port: 0, allowedOrigins: [] } });
    expect((await exchange(url, createText(url, { headers: [origin] }))).status).toBe(403);
    await started.reload({ listen: { port: 0, allowedOrigins: ALLOWED } });
    expect((await exchange(url, createText(url, { headers: [origin] }))).status).not.toBe(403);
  });
});

describe('listen.allowedOrigins', () => {
  it('takes exact origins as browsers send them, and nothing else', () => {
    for (const origin of ['app://x', 'tauri://localhost', 'http://localhost:3000', 'https://[::1]:8443']) {
      expect(load({ listen: { allowedOrigins: [origin] } }).config.listen.allowedOrigins).toEqual([origin]);
    }
    for (const origin of [
      '*',
      'null',
      'http://localhost:3000/',
      'http://*.example.com',
      'HTTP://localhost',
      'http://LocalHost',
      'localhost:3000',
      'file://',
      'http://localhost:80',
      'https://tool.example:443',
      'http://user@localhost',
    ]) {
      const problem = problemAt('listen.allowedOrigins[0]', { listen: { allowedOrigins: [origin] } });
      expect(problem.allowed, origin).toMatch(/origin/);
    }
  });

  it('warns that pages spend without a key if no apps are configured', () => {
    const listen = { allowedOrigins: ['http://localhost:3000'] };
    expect(load({ listen }).warnings).toEqual([expect.stringContaining('http://localhost:3000') as string]);
    expect(load({ listen, apps: [{ name: 'web', keyFile: 'k' }] }).warnings).toEqual([]);
  });
});
