import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import type { StartedApp } from '../app/start-app.ts';
import { startProxy } from './proxy-app.ts';
import { nothingSent } from './refused.ts';
import { CREATE_PATH, JSON_TYPE, createText, requestText, Wire } from './wire.ts';

const run = promisify(execFile);
const MIB = 1_048_576;

/** Sends a body of `argv[2]` bytes as Python does: all of it before it reads anything; prints status and answer. */
const PYTHON = `
import http.client, sys, urllib.error, urllib.request
url, size, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
headers = {'content-type': 'application/json'}
if how == 'urllib':
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, b'x' * size, headers))
    except urllib.error.HTTPError as error:
        answer = error
    print(answer.status, answer.read().decode())
else:
    host, path = url.split('//')[1].split('/', 1)
    connection = http.client.HTTPConnection(host)
    pieces = (b'x' * 65536 for _ in range(size // 65536))
    connection.request('POST', '/' + path, pieces, headers, encode_chunked=True)
    answer = connection.getresponse()
    print(answer.status, answer.read().decode())
`;

const hasPython = await run('python3', ['--version']).then(
  () => true,
  () => false,
);

let started: StartedApp;
beforeAll(async () => {
  started = await startProxy({ listen: { maxBodyMiB: 1 } });
});
afterAll(() => started.stop());

const python = async (url: string, size: number, how: 'urllib' | 'chunks'): Promise<string> =>
  (await run('python3', ['-c', PYTHON, url, String(size), how])).stdout;

describe('a client that reads nothing before it has sent everything', () => {
  it('reads the refusal of its large body, on either plane, and sees no reset', async () => {
    await nothingSent(started.emulator, async () => {
      for (const [base, word, status] of [
        [started.dataUrl + CREATE_PATH, 'body_too_large', 413],
        [`${started.dataUrl}${CREATE_PATH}/`, 'target_refused', 404],
        [started.controlUrl + CREATE_PATH, 'not_found', 404],
        [`${started.controlUrl}/v1/estimate`, 'body_too_large', 413],
        [`${started.controlUrl}/v1/freeze`, 'body_too_large', 413],
      ] as const) {
        const size = 24 * MIB;
        const wire = await Wire.open(base);
        const headers = [JSON_TYPE, `Content-Length: ${size}`];
        wire.send(requestText(base, `POST ${new URL(base).pathname}`, { headers }));
        for (let sent = 0; sent < size; sent += MIB) {
          wire.send(Buffer.alloc(MIB, 0x20));
          await new Promise((resolve) => wire.socket.write('', resolve));
        }
        const answer = await wire.answer();
        expect(answer.status, base).toBe(status);
        expect(answer.body.toString(), base).toContain(word);
        expect(wire.error, base).toBeNull();
        await wire.closed();
      }
    });
  });

  it.runIf(hasPython)('is Python’s urllib or http.client', async () => {
    await nothingSent(started.emulator, async () => {
      const size = 48 * MIB;
      expect(await python(started.dataUrl + CREATE_PATH, size, 'urllib')).toMatch(
        /^413 .*listen\.maxBodyMiB/,
      );
      expect(await python(started.dataUrl + CREATE_PATH, size, 'chunks')).toMatch(/^413 /);
      expect(await python(started.controlUrl + CREATE_PATH, size, 'urllib')).toMatch(/^404 .*data plane/);
      expect(await python(started.controlUrl + CREATE_PATH, size, 'chunks')).toMatch(/^404 .*data plane/);
    });
  });

  it('also reads it after it asked for 100-continue and got it', async () => {
    const { dataUrl } = started;
    const wire = await Wire.open(dataUrl);
    const headers = ['Transfer-Encoding: chunked', 'Expect: 100-continue'];
    wire.send(createText(dataUrl, { headers, body: '' }));
    await wire.until(() => wire.informational.length === 1, 'a 100');
    for (let sent = 0; sent < 8 * MIB; sent += 65_536) {
      wire.send(`10000\r\n${' '.repeat(65_536)}\r\n`);
      await new Promise((resolve) => wire.socket.write('', resolve));
    }
    wire.send('0\r\n\r\n');
    expect((await wire.answer()).status).toBe(413);
    expect(wire.error).toBeNull();
    await wire.closed();
  });
});

it('a refused request that never ends is cut off after ten seconds', async () => {
  const clock = createManualClock(Date.now());
  const app = await startProxy({ listen: { maxBodyMiB: 1 } }, { clock });
  for (const url of [app.dataUrl, app.controlUrl]) {
    const wire = await Wire.open(url);
    const headers = [JSON_TYPE, `Content-Length: ${24 * MIB}`];
    wire.send(requestText(url, `POST ${CREATE_PATH}`, { headers, body: ' ' }));
    await wire.until(() => wire.count === 1, 'an answer');
    await clock.advance(9_000);
    expect(wire.isClosed).toBe(false);
    await clock.advance(1_000);
    await wire.closed();
  }
  await app.stop();
});
