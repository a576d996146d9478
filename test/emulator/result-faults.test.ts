/** The sizes of result files, and the faults of their downloads. */
import { get as httpGet, type IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { nextTurn } from '../../src/clock.ts';
import { sampleFile } from '../../src/emulator/sample-media.ts';
import { finishedTask, startRig, textAt, until, type Rig } from './client.ts';

const t2v = '/v1/videos/text2video';

async function videoUrl(rig: Rig, prompt = 'a cat'): Promise<string> {
  const id = await finishedTask(rig, t2v, { prompt });
  return textAt((await rig.get(`${t2v}/${id}`)).data, 'task_result', 'videos', 0, 'url');
}

interface Download {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  /** Whether the connection ended before the declared length. */
  isBroken: boolean;
}

function download(url: string, headers: Record<string, string> = {}): Promise<Download> {
  return new Promise((resolve, reject) => {
    const sent = httpGet(url, { headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      const end = (isBroken: boolean) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes: Buffer.concat(parts),
          isBroken,
        });
      response.on('error', () => end(true));
      response.on('end', () => end(false));
    });
    sent.on('error', reject);
  });
}

async function withFault(order: Omit<FaultOrder, 'match'>, headers: Record<string, string> = {}) {
  const rig = await startRig();
  const url = await videoUrl(rig);
  const whole = await download(url);
  rig.emulator.addFault(order);
  const met = await download(url, headers);
  return { rig, url, whole: whole.bytes, etag: whole.headers.etag, met, after: await download(url) };
}

describe('the size of a result', () => {
  it('is that of the option, or that of one task by a fault of its create', async () => {
    const rig = await startRig({ resultBytes: 100_000 });
    rig.emulator.addFault({ kind: 'result_bytes', bytes: 3_000_000, match: { bodyIncludes: 'large' } });
    expect((await download(await videoUrl(rig, 'large'))).bytes).toHaveLength(3_000_000);
    expect((await download(await videoUrl(rig))).bytes).toHaveLength(100_000);
    for (const bytes of [2 ** 31 + 1, -1, 1.5])
      expect(() => rig.emulator.addFault({ kind: 'result_bytes', bytes })).toThrow('the size of a video');
  });

  it('may be 2 GiB, of which any part is made alone', async () => {
    const rig = await startRig({ resultBytes: 2 ** 31 });
    const url = await videoUrl(rig);
    const { status, headers, bytes } = await download(url, { range: 'bytes=2147483000-' });
    expect({ status, range: headers['content-range'], length: bytes.length }).toEqual({
      status: 206,
      range: 'bytes 2147483000-2147483647/2147483648',
      length: 648,
    });
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['2147483648', '']);
  });

  it('gives the same bytes, read as a whole or in parts of any size', () => {
    const body = sampleFile('mp4', 'seed', 10_000)?.body;
    if (body === undefined) throw new Error('no file');
    const whole = body.read(0, body.length);
    for (const size of [1, 7, 16, 140, 4096, 9999]) {
      const parts: Buffer[] = [];
      for (let from = 0; from < body.length; from += size)
        parts.push(body.read(from, Math.min(size, body.length - from)));
      expect(Buffer.concat(parts).equals(whole), String(size)).toBe(true);
    }
    const blocks = Array.from({ length: 600 }, (_, index) =>
      whole.subarray(200 + index * 16, 216 + index * 16).toString('hex'),
    );
    expect(new Set(blocks).size).toBe(blocks.length);
  });

  it('is made no faster than its reader takes it', async () => {
    const rig = await startRig({ resultBytes: 2 ** 31 });
    const before = process.memoryUsage().arrayBuffers;
    const response = await fetch(await videoUrl(rig));
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0);
    for (let turn = 0; turn < 200; turn += 1) await nextTurn();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 1024 * 1024);
    await reader?.cancel();
  });
});

describe('a fault of a download', () => {
  it('file_truncated declares the right length and closes early, also within a range', async () => {
    const { met, whole, after } = await withFault({ kind: 'file_truncated', bytes: 1000 });
    expect(met).toMatchObject({ status: 200, isBroken: true, headers: { 'content-length': '32768' } });
    expect(met.bytes.equals(whole.subarray(0, 1000))).toBe(true);
    expect(after.bytes.equals(whole)).toBe(true);
    const range = { range: 'bytes=1000-' };
    expect((await withFault({ kind: 'file_truncated', bytes: 10 }, range)).met).toMatchObject({
      status: 206,
      isBroken: true,
      headers: { 'content-length': '31768', 'content-range': 'bytes 1000-32767/32768' },
      bytes: { length: 10 },
    });
    const none = await withFault({ kind: 'file_truncated', bytes: 0 });
    expect(none.met).toMatchObject({ status: 200, isBroken: true, bytes: { length: 0 } });
  });

  it('file_wrong_length declares more and closes, or less and ends', async () => {
    const more = await withFault({ kind: 'file_wrong_length' });
    expect(more.met).toMatchObject({ isBroken: true, headers: { 'content-length': '33768' } });
    expect(more.met.bytes.equals(more.whole)).toBe(true);
    const less = await withFault({ kind: 'file_wrong_length', bytes: -1 }, { range: 'bytes=0-99' });
    expect(less.met).toMatchObject({
      status: 206,
      isBroken: false,
      headers: { 'content-length': '99', 'content-range': 'bytes 0-99/32768' },
      bytes: { length: 99 },
    });
  });

  it('file_expired answers 403 though the address is right', async () => {
    const { met, after } = await withFault({ kind: 'file_expired' });
    expect([met.status, after.status]).toEqual([403, 200]);
  });

  it('file_redirect sends to an address, or round a chain of its own', async () => {
    const away = await withFault({ kind: 'file_redirect', status: 301, location: 'http://127.0.0.1:9/x' });
    expect(away.met).toMatchObject({ status: 301, headers: { location: 'http://127.0.0.1:9/x' } });
    const rig = await startRig();
    const url = await videoUrl(rig);
    rig.emulator.addFault({ kind: 'file_redirect', times: 3 });
    const response = await fetch(url);
    expect(response).toMatchObject({ status: 200, redirected: true });
    await response.arrayBuffer();
    expect(rig.emulator.faults()).toMatchObject([{ left: 0, met: 3 }]);
  });

  it('file_no_ranges sends the whole file for a range', async () => {
    const { met, whole } = await withFault({ kind: 'file_no_ranges' }, { range: 'bytes=5-9' });
    expect(met.status).toBe(200);
    expect(met.headers['accept-ranges']).toBeUndefined();
    expect(met.bytes.equals(whole)).toBe(true);
  });

  it('file_changed gives other bytes and another ETag for ever, so that If-Range gets the whole', async () => {
    const { met, whole, after, etag, url } = await withFault({ kind: 'file_changed' });
    expect(met.bytes.equals(whole)).toBe(false);
    expect(met.bytes).toHaveLength(whole.length);
    expect(met.headers.etag).not.toBe(etag);
    expect([after.headers.etag, after.bytes.equals(met.bytes)]).toEqual([met.headers.etag, true]);
    const resumed = await download(url, { range: 'bytes=100-', 'if-range': etag ?? '' });
    expect(resumed).toMatchObject({ status: 200, bytes: { length: whole.length } });
  });

  it('file_416 answers a range with 416, and waits for one', async () => {
    const { met, after } = await withFault({ kind: 'file_416' }, { range: 'bytes=5-9' });
    expect(met).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */32768' } });
    expect(after.status).toBe(200);
    const { rig } = await withFault({ kind: 'file_416' });
    expect(rig.emulator.faults()).toMatchObject([{ met: 0 }]);
  });

  it('file_slow sends a part for each interval of the clock', async () => {
    const rig = await startRig();
    const url = await videoUrl(rig);
    rig.emulator.addFault({ kind: 'file_slow', bytes: 16_384, intervalMs: 5000 });
    const begin = rig.clock.now();
    const slow = download(url);
    let doneAt = Infinity;
    void slow.then(() => (doneAt = rig.clock.now()));
    await until(async () => {
      await rig.clock.advance(1000);
      return doneAt < Infinity;
    });
    expect((await slow).bytes).toHaveLength(32_768);
    expect(doneAt - begin).toBeGreaterThanOrEqual(5000);
  });

  it('meets no request of Kling’s paths', async () => {
    const rig = await startRig();
    rig.emulator.addFault({ kind: 'file_expired' });
    expect(await rig.post(t2v, { prompt: 'a cat' })).toMatchObject({ status: 200 });
    expect(rig.emulator.faults()).toMatchObject([{ met: 0 }]);
  });
});
