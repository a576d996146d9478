import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import type { KeptFiles } from '../../src/control/result-files.ts';
import type { AnsweredFile } from '../../src/results/file-answer.ts';
import { ResultLinks, type ResultRef } from '../../src/results/result-links.ts';
import { Secret } from '../../src/secret.ts';
import { until } from '../app/calls.ts';
import { ask, START, startRig, TOKEN, type Rig } from './fixture.ts';

const PIECE = 65_536;
const DAY = 86_400_000;

/** Files in memory whose pieces are counted as they are read. */
class Files implements KeptFiles {
  readonly links = new ResultLinks({
    key: new Secret('a key of the tests'),
    publicUrl: () => 'https://media.example.com',
    lifeMs: () => DAY,
  });
  readonly #files = new Map<
    string,
    { bytes: Buffer | number; isOpened: () => Readable | null | Promise<never> }
  >();
  readonly unreadable: unknown[] = [];
  readonly words = new Map<string, string>();
  piecesRead = 0;

  add(taskId: string, bytes: Buffer | number, isOpened?: () => Readable | null | Promise<never>): void {
    this.#files.set(taskId, { bytes, isOpened: isOpened ?? ((): null => null) });
    if (isOpened === undefined) this.#opened.add(taskId);
  }
  readonly #opened = new Set<string>();

  read = (target: string, now: number) => this.links.read(target, now);
  publicHost = (): string => 'media.example.com';
  onUnreadable = (_file: ResultRef, error: unknown): void => void this.unreadable.push(error);

  find = async ({ taskId }: ResultRef): Promise<AnsweredFile | string | null> => {
    const file = this.#files.get(taskId);
    if (file === undefined) return this.words.get(taskId) ?? null;
    const { bytes } = file;
    const length = typeof bytes === 'number' ? bytes : bytes.length;
    const sha256 = createHash('sha256').update(taskId).digest('hex');
    return { bytes: length, sha256, mediaType: 'video/mp4', name: `${taskId}-1.mp4`, savedAt: START - 5000 };
  };

  open = async ({ taskId }: ResultRef, { first, last }: { first: number; last: number }) => {
    const file = this.#files.get(taskId);
    if (file === undefined) return null;
    if (!this.#opened.has(taskId)) return file.isOpened();
    return Readable.from(this.#pieces(file.bytes, first, last), { objectMode: false, highWaterMark: PIECE });
  };

  *#pieces(bytes: Buffer | number, first: number, last: number): Generator<Buffer> {
    for (let at = first; at <= last; at += PIECE) {
      this.piecesRead += 1;
      const end = Math.min(at + PIECE, last + 1);
      yield typeof bytes === 'number' ? Buffer.alloc(end - at, 1) : bytes.subarray(at, end);
    }
  }

  address(taskId: string, position = 1): string {
    const url = this.links.url({ taskId, position }, { extension: 'mp4', now: START });
    return url.slice('https://media.example.com'.length);
  }
}

let started: Rig | null = null;
afterEach(async () => {
  await started?.close();
  started = null;
});

async function start(isOpen = true): Promise<{ files: Files; rig: Rig }> {
  const files = new Files();
  started = await startRig({ results: files, requireTokenForReads: !isOpen });
  return { files, rig: started };
}

const video = Buffer.from('0123456789'.repeat(20_000));

describe('a kept result', () => {
  test('is read whole, in parts, by its validators, and as HEAD', async () => {
    const {
      files,
      rig: { url },
    } = await start();
    files.add('871', video);
    const whole = await ask(url, '/v1/results/871/1');
    expect(whole.status).toBe(200);
    expect(whole.text).toBe(video.toString());
    expect(whole.headers).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': '200000',
      'content-disposition': 'inline; filename="871-1.mp4"',
      'cache-control': 'private, max-age=86400, immutable',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
      'accept-ranges': 'bytes',
    });
    const etag = whole.headers.etag ?? '';
    const part = await ask(url, '/v1/results/871/1.mp4', {
      headers: { range: 'bytes=199995-', 'if-range': etag },
    });
    expect([part.status, part.text, part.headers['content-range']]).toEqual([
      206,
      '56789',
      'bytes 199995-199999/200000',
    ]);
    const same = await ask(url, '/v1/results/871/1', { headers: { 'if-none-match': etag } });
    expect([same.status, same.text, same.headers.etag]).toEqual([304, '', etag]);
    const outside = await ask(url, '/v1/results/871/1', { headers: { range: 'bytes=200000-' } });
    expect([outside.status, outside.headers['content-range']]).toEqual([416, 'bytes */200000']);
    const head = await ask(url, '/v1/results/871/1', { method: 'HEAD' });
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '200000']);
  });

  test('that is not saved, and an unknown one, are not found; its own readers learn its state', async () => {
    const {
      files,
      rig: { url },
    } = await start();
    files.words.set('872', 'waiting');
    const waiting = await ask(url, '/v1/results/872/1');
    expect(waiting).toMatchObject({ status: 404, json: { word: 'not_found' } });
    expect(waiting.text).toContain('is waiting, not saved');
    const unknown = await ask(url, '/v1/results/873/1');
    expect(unknown.text).toContain('no such file');
    const byAddress = await ask(url, files.address('872'));
    expect([byAddress.status, byAddress.text]).toEqual([404, unknown.text]);
  });

  test('whose bytes are gone is not found, and one whose place is away is not served now: both are reported', async () => {
    const {
      files,
      rig: { url },
    } = await start();
    files.add('874', video, () => null);
    files.add('875', video, () => Promise.reject(new Error('bucket away')));
    expect((await ask(url, '/v1/results/874/1')).status).toBe(404);
    expect(await ask(url, '/v1/results/875/1')).toMatchObject({ status: 503, json: { word: 'busy' } });
    expect(files.unreadable.map(String)).toEqual(['Error: its bytes are gone', 'Error: bucket away']);
  });

  test('that breaks while it is sent ends the connection, so that no reader takes a part for the whole', async () => {
    const {
      files,
      rig: { url },
    } = await start();
    const broken = (): Readable =>
      Readable.from(
        (function* () {
          yield video.subarray(0, 100);
          throw new Error('disk');
        })(),
      );
    files.add('876', video, broken);
    const answer = await fetch(`${url}/v1/results/876/1`);
    await expect(answer.arrayBuffer()).rejects.toThrow();
    expect(files.unreadable.map(String)).toEqual(['Error: disk']);
  });
});

describe('who may read a kept result', () => {
  test('away from loopback: who has the control token, or the address; everybody else gets one answer', async () => {
    const {
      files,
      rig: { url, clock },
    } = await start(false);
    files.add('871', video);
    expect((await ask(url, '/v1/results/871/1')).status).toBe(401);
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await ask(url, '/v1/results/871/1', { headers })).status).toBe(200);
    const address = files.address('871');
    const given = await ask(url, address);
    expect(given.status).toBe(200);
    expect(given.headers['cache-control']).toMatch(/^public, max-age=\d+, immutable$/);
    const wrong = [
      `${address}x`,
      address.replace('/871/', '/872/'),
      address.replace('/1.mp4', '/2.mp4'),
      files.address('unknown'),
      '/v1/results/871/1?token=&expires=',
    ];
    const answers = await Promise.all(wrong.map((target) => ask(url, target)));
    clock.advance(3 * DAY);
    answers.push(await ask(url, address));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    const names = answers.map((answer) => Object.keys(answer.headers).toSorted().join());
    expect(new Set(names).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 404, json: { word: 'not_found' } });
  });

  test('a page of another site may show a file by its address, and only by it', async () => {
    const {
      files,
      rig: { url },
    } = await start();
    files.add('871', video);
    const headers = { 'sec-fetch-site': 'cross-site', host: 'media.example.com' };
    const shown = await ask(url, files.address('871'), { headers });
    expect([shown.status, shown.headers['cross-origin-resource-policy']]).toEqual([200, 'cross-origin']);
    const site = { 'sec-fetch-site': 'cross-site' };
    expect((await ask(url, '/v1/results/871/1', { headers: site })).status).toBe(403);
    const host = { host: 'media.example.com' };
    expect((await ask(url, '/v1/results/871/1', { headers: host })).status).toBe(421);
    expect((await ask(url, '/v1/status', { headers: host })).status).toBe(421);
    expect((await ask(url, files.address('871'), { headers: { host: 'evil.example' } })).status).toBe(421);
  });

  test('an address of a file opens nothing else, and files are only read', async () => {
    const {
      files,
      rig: { url },
    } = await start(false);
    files.add('871', video);
    const query = files.address('871').split('?')[1] ?? '';
    for (const target of [`/v1/tasks/871?${query}`, `/v1/status?${query}`, `/v1/results?${query}`])
      expect([target, (await ask(url, target)).status]).toEqual([target, 401]);
    expect((await ask(url, files.address('871'), { method: 'DELETE' })).status).toBe(401);
  });
});

/** Sends a request and reads nothing of the answer. */
function deaf({ port }: Rig, target: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.pause();
      socket.write(`GET ${target} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`, () => resolve(socket));
    });
    socket.on('error', reject);
  });
}

describe('slow readers', () => {
  test('make a large file be read as far as the sockets hold it, and one that takes nothing for two minutes is cut', async () => {
    const { files, rig } = await start();
    files.add('big', 2 ** 31);
    const socket = await deaf(rig, '/v1/results/big/1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    let last = -1;
    await until('nothing more is read', () => {
      const isStill = files.piecesRead > 0 && files.piecesRead === last;
      last = files.piecesRead;
      return isStill;
    });
    // What the kernel holds for both ends of a connection, and two pieces of ours.
    expect(files.piecesRead * PIECE).toBeLessThan(64 * 1_048_576);
    rig.clock.advance(120_000);
    socket.on('error', () => undefined).resume();
    await closed;
    expect(files.unreadable).toEqual([]);
  });

  test('take at most 64 places; the next one is asked to come again, and a place that is free is given at once', async () => {
    const { files, rig } = await start();
    files.add('big', 2 ** 31);
    const sockets = await Promise.all(Array.from({ length: 64 }, () => deaf(rig, '/v1/results/big/1')));
    await until('all places are taken', () => files.piecesRead >= 64);
    const refused = await ask(rig.url, '/v1/results/big/1', { headers: { range: 'bytes=0-0' } });
    expect([refused.status, refused.headers['retry-after'], refused.headers.etag]).toEqual([
      503,
      '5',
      undefined,
    ]);
    expect((await ask(rig.url, '/v1/results/big/1', { method: 'HEAD' })).status).toBe(200);
    sockets[0]?.on('error', () => undefined).destroy();
    await until('a place is free', async () => {
      const answer = await ask(rig.url, '/v1/results/big/1', { headers: { range: 'bytes=0-0' } });
      return answer.status === 206;
    });
    for (const socket of sockets) socket.on('error', () => undefined).destroy();
  });
});
