import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { CREATE_BODY, CREATE_PATH, createText, exchange, requestText } from './wire.ts';

let protect: StartedApp;
let observe: StartedApp;
beforeAll(async () => {
  [protect, observe] = await Promise.all([
    startProxy({ listen: { allowedHosts: ['Sidecar.Internal', 'box.example:8443'] } }),
    startProxy({ mode: 'observe' }),
  ]);
});
afterAll(() => Promise.all([protect.stop(), observe.stop()]));

const both = (): StartedApp[] => [protect, observe];

describe('web pages', () => {
  it('cannot reach Kling under a host name of their own (DNS rebinding)', async () => {
    for (const { dataUrl, controlUrl, emulator } of both()) {
      const { port } = new URL(dataUrl);
      const hosts = [
        'evil.example',
        `evil.example:${port}`,
        `127.0.0.1.evil.example:${port}`,
        `localhost.evil.example:${port}`,
        `evil-localhost:${port}`,
        `localhost.:${port}`,
        '127.0.0.1',
        'localhost',
        '[::1]',
        `127.0.0.1:${Number(port) + 1}`,
        `127.0.0.1:${port}0`,
        new URL(controlUrl).host,
        `0.0.0.0:${port}`,
        `127.1:${port}`,
        `2130706433:${port}`,
        `0x7f000001:${port}`,
        `[::ffff:127.0.0.1]:${port}`,
        `[0:0:0:0:0:0:0:1]:${port}`,
        `user@127.0.0.1:${port}`,
        `127.0.0.1:${port}@evil.example`,
        `127.0.0.1:${port}, evil.example`,
        `127.0.0.1:${port} evil.example`,
        `127.0.0.1:${port}/`,
        `http://127.0.0.1:${port}`,
        'api-singapore.klingai.com',
        `sidecar.internal:${Number(port) + 1}`,
        'box.example',
        `\u0131${port}`,
      ];
      await nothingSent(emulator, async () => {
        for (const host of hosts) {
          for (const text of [
            createText(dataUrl, { host }),
            requestText(dataUrl, 'GET /tasks?task_ids=1', { host }),
          ]) {
            expectRefusal(await exchange(dataUrl, text), 'host_refused', 421, host);
          }
        }
      });
    }
  });

  it('answers under configured names, with and without our port', async () => {
    const { dataUrl } = protect;
    for (const host of [
      'sidecar.internal',
      `SIDECAR.internal:${new URL(dataUrl).port}`,
      'box.example:8443',
    ]) {
      expect((await exchange(dataUrl, createText(dataUrl, { host }))).status, host).toBe(200);
    }
  });

  it('cannot spend from another origin, by any of the requests that a page can make', async () => {
    for (const { dataUrl, emulator } of both()) {
      const { origin } = new URL(dataUrl);
      const json = 'Content-Type: application/json';
      const vectors: [string, string[]][] = [
        [`POST ${CREATE_PATH}`, ['Origin: http://evil.example', json]],
        [`POST ${CREATE_PATH}`, ['Origin: null', json]],
        [`POST ${CREATE_PATH}`, [`Origin: ${origin}`, json]],
        [`POST ${CREATE_PATH}`, ['Origin: http://localhost:3000', json]],
        [`POST ${CREATE_PATH}`, ['Origin: chrome-extension://abc', json]],
        [`POST ${CREATE_PATH}`, ['Origin: ', json]],
        [
          `POST ${CREATE_PATH}`,
          [
            'Origin: http://evil.example',
            'Content-Type: text/plain',
            'Sec-Fetch-Site: cross-site',
            'Sec-Fetch-Mode: no-cors',
          ],
        ],
        [
          `POST ${CREATE_PATH}`,
          ['Sec-Fetch-Site: cross-site', 'Content-Type: application/x-www-form-urlencoded'],
        ],
        [`POST ${CREATE_PATH}`, ['Sec-Fetch-Site: same-site', json]],
        [`POST ${CREATE_PATH}`, ['Sec-Fetch-Site: Cross-Site', json]],
        [`POST ${CREATE_PATH}`, ['Sec-Fetch-Site: ', json]],
        ['POST /v1/general/delete-voices', ['Origin: http://evil.example', 'Content-Type: text/plain']],
        ['POST /tasks', ['Sec-Fetch-Site: cross-site', 'Content-Type: text/plain']],
        ['GET /tasks?task_ids=1', ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Dest: image']],
        [
          'GET /tasks?task_ids=1',
          ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'],
        ],
        ['GET /tasks?task_ids=1', ['Origin: http://evil.example', 'Accept: text/event-stream']],
        ['HEAD /tasks?task_ids=1', ['Origin: http://evil.example']],
        [
          `OPTIONS ${CREATE_PATH}`,
          [
            'Origin: http://evil.example',
            'Access-Control-Request-Method: POST',
            'Access-Control-Request-Private-Network: true',
          ],
        ],
        [
          `OPTIONS ${CREATE_PATH}`,
          [
            'Origin: http://evil.example',
            'Access-Control-Request-Method: POST',
            'Access-Control-Request-Local-Network: true',
          ],
        ],
      ];
      await nothingSent(emulator, async () => {
        for (const [line, headers] of vectors) {
          const body = line.startsWith('POST') ? CREATE_BODY : '';
          const answer = await exchange(dataUrl, requestText(dataUrl, line, { headers, body }));
          expect(answer.status, `${line} ${headers.join()}`).toBe(403);
          expect(answer.header('x-kling-sidecar')).toBe('browser_refused');
          const cors = answer.lines.filter(([name]) => /^access-control-|^cross-origin-/i.test(name));
          expect(cors).toEqual([]);
          if (line.startsWith('POST')) expectRefusal(answer, 'browser_refused', 403);
        }
        const socket = await exchange(
          dataUrl,
          requestText(dataUrl, 'GET /tasks', {
            headers: ['Origin: http://evil.example', 'Connection: Upgrade', 'Upgrade: websocket'],
          }),
        );
        expectRefusal(socket, 'browser_refused', 403);
      });
    }
  });

  it('cannot write with a simple request, even if the browser sends no Origin', async () => {
    const { dataUrl, emulator } = protect;
    await nothingSent(emulator, async () => {
      for (const path of [
        CREATE_PATH,
        '/tasks',
        '/v1/general/delete-voices',
        '/account/billing/package',
        '/v1/audio/tts',
        '/v1/brand/new',
      ]) {
        for (const type of [
          'text/plain',
          'application/x-www-form-urlencoded',
          'multipart/form-data; boundary=x',
          null,
        ]) {
          const headers = type === null ? [] : [`Content-Type: ${type}`];
          const answer = await exchange(
            dataUrl,
            requestText(dataUrl, `POST ${path}`, { headers, body: CREATE_BODY }),
          );
          expectRefusal(answer, 'media_type_refused', 415, `${path} ${type}`);
        }
      }
    });
  });

  it('does not take the marks of a user for those of a page', async () => {
    const { dataUrl } = protect;
    for (const site of ['none', 'same-origin']) {
      const answer = await exchange(dataUrl, createText(dataUrl, { headers: [`Sec-Fetch-Site: ${site}`] }));
      expect(answer.status, site).toBe(200);
      expect(answer.lines.filter(([name]) => /^access-control-/i.test(name))).toEqual([]);
    }
  });

  it('listens on loopback alone, and refuses to listen beyond it without apps', async () => {
    expect(new URL(protect.dataUrl).hostname).toBe('127.0.0.1');
    await expect(startApp({ config: { listen: { host: '0.0.0.0' } } })).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });
});
