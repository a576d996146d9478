import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedApp } from '../app/start-app.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { CREATE_BODY, CREATE_PATH, createText, exchange, Wire } from './wire.ts';

let started: StartedApp;
let small: StartedApp;
let url = '';
beforeAll(async () => {
  [started, small] = await Promise.all([startProxy(), startProxy({ listen: { maxBodyMiB: 1 } })]);
  url = started.dataUrl;
});
afterAll(() => Promise.all([started.stop(), small.stop()]));

const refuse = <T>(act: () => Promise<T>): Promise<T> => nothingSent(started.emulator, act);

describe('sizes of bodies', () => {
  it('answers 413 to a declared length over the limit without reading, and to chunks as soon as they pass it', async () => {
    const { dataUrl, emulator } = small;
    const mib = 1_048_576;
    await nothingSent(emulator, async () => {
      const declared = await Wire.open(dataUrl);
      declared.send(createText(dataUrl, { headers: [`Content-Length: ${mib + 1}`], body: '' }));
      const early = await declared.answer();
      expectRefusal(early, 'body_too_large', 413);
      expect(early.json.message).toContain('listen.maxBodyMiB');
      declared.close();
      for (const path of [CREATE_PATH, '/tasks', '/v1/brand/new']) {
        const wire = await Wire.open(dataUrl);
        wire.send(createText(dataUrl, { path, headers: ['Transfer-Encoding: chunked'], body: '' }));
        for (let sent = 0; sent <= mib; sent += 65_536) wire.send(`10000\r\n${' '.repeat(65_536)}\r\n`);
        const answer = await wire.answer();
        expectRefusal(answer, 'body_too_large', 413, path);
        expect(answer.header('connection')).toBe('close');
        wire.close();
      }
    });
    const padded = CREATE_BODY + ' '.repeat(mib - CREATE_BODY.length);
    for (const headers of [[], ['Transfer-Encoding: chunked']]) {
      const body = headers.length === 0 ? padded : `${mib.toString(16)}\r\n${padded}\r\n0\r\n\r\n`;
      const answer = await exchange(dataUrl, createText(dataUrl, { headers, body }));
      expect(answer.status).toBe(200);
    }
  });

  it('reads a large body, and refuses a large bad one', async () => {
    const image = 'A'.repeat(24 * 1_048_576);
    const large = Buffer.from(
      createText(url, {
        path: '/v1/videos/image2video',
        body: `{"model_name":"kling-v1","image":"${image}","duration":"5"}`,
      }),
    );
    const bad = Buffer.from(
      createText(url, { body: `{${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join()}}` }),
    );
    const refused = await refuse(() => exchange(url, bad));
    expectRefusal(refused, 'body_refused', 400);
    const answer = await exchange(url, large);
    expect(answer.status, answer.body.toString()).toBe(200);
    expect(started.emulator.requests().at(-1)?.body.length).toBeGreaterThan(image.length);
  });

  it('gives up a request whose client stops in the middle, and goes on serving', async () => {
    await refuse(async () => {
      for (const end of ['reset', 'close'] as const) {
        for (const part of [0, 1, 20, CREATE_BODY.length - 1]) {
          const wire = await Wire.open(url);
          wire.send(
            createText(url, {
              headers: [`Content-Length: ${CREATE_BODY.length}`],
              body: CREATE_BODY.slice(0, part),
            }),
          );
          await new Promise((resolve) => wire.socket.write('', resolve));
          wire[end]();
        }
      }
    });
    expect((await exchange(url, createText(url))).status).toBe(200);
  });
});
