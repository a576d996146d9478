import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { until } from '../app/calls.ts';
import { turns } from '../money/hand-clock.ts';
import { answerText, createdText, startRawUpstream, type RawUpstream } from '../upstream/raw-upstream.ts';
import { startProxy } from './proxy-app.ts';
import { createText, exchange, requestText } from './wire.ts';

const MIB = 1_048_576;
const LARGE_BYTES = 64 * MIB;

/** Streams a large answer as fast as it is read, and gives the number of bytes that were handed to the socket. */
async function startLarge(): Promise<RawUpstream & { written: () => number; hash: string }> {
  const chunk = Buffer.alloc(65_536);
  for (let i = 0; i < chunk.length; i += 1) chunk[i] = (i * 31) % 251;
  let written = 0;
  const hash = createHash('sha256');
  for (let at = 0; at < LARGE_BYTES; at += chunk.length) hash.update(chunk);
  const upstream = await startRawUpstream((socket, { target }) => {
    if (!target.includes('large')) {
      socket.write(answerText('{}'));
      return;
    }
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: ${LARGE_BYTES}\r\n\r\n`);
    const more = (): void => {
      while (written < LARGE_BYTES && !socket.destroyed) {
        written += chunk.length;
        if (!socket.write(chunk)) {
          socket.once('drain', more);
          return;
        }
      }
    };
    more();
  });
  return Object.assign(upstream, { written: () => written, hash: hash.digest('hex') });
}

/** Waits until the answer began and, over many turns of the event loop, no more of it was taken. */
async function nothingMoves(upstream: { written: () => number }): Promise<void> {
  let last = 0;
  for (let still = 0; still < 40;) {
    await turns();
    still = upstream.written() > 0 && upstream.written() === last ? still + 1 : 0;
    last = upstream.written();
  }
}

describe('a large answer', () => {
  it('is taken from Kling no faster than its reader takes it, and arrives whole', async () => {
    const upstream = await startLarge();
    const app = await startProxy({}, { baseUrl: upstream.url });
    const socket = connect(Number(new URL(app.dataUrl).port), '127.0.0.1');
    await exchange(app.dataUrl, requestText(app.dataUrl, 'GET /tasks?task_ids=1'));
    const rssBefore = process.memoryUsage().rss;
    socket.pause();
    socket.write(requestText(app.dataUrl, 'GET /tasks?task_ids=large'));
    await nothingMoves(upstream);
    expect(upstream.written()).toBeLessThan(LARGE_BYTES / 2);
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(32 * MIB);
    const other = await exchange(app.dataUrl, requestText(app.dataUrl, 'GET /tasks?task_ids=1'));
    expect(other.body.toString()).toBe('{}');
    const hash = createHash('sha256');
    let got = -1;
    socket.on('data', (chunk: Buffer) => {
      const from = got < 0 ? chunk.indexOf('\r\n\r\n') + 4 : 0;
      hash.update(chunk.subarray(from));
      got = Math.max(got, 0) + chunk.length - from;
    });
    socket.resume();
    await until('all of it came', () => got === LARGE_BYTES);
    expect(hash.digest('hex')).toBe(upstream.hash);
    socket.destroy();
    await app.stop();
    await upstream.stop();
  });

  it('of which its reader takes nothing is given up in the end, so that it holds no connection to Kling for ever', async () => {
    const upstream = await startLarge();
    const clock = createManualClock(Date.now());
    const app = await startProxy({ upstream: { connections: 1 } }, { baseUrl: upstream.url, clock });
    const socket = connect(Number(new URL(app.dataUrl).port), '127.0.0.1');
    socket.on('error', () => socket.destroy());
    socket.pause();
    socket.write(requestText(app.dataUrl, 'GET /tasks?task_ids=large'));
    await nothingMoves(upstream);
    await clock.advance(100_000);
    expect(upstream.sockets.size).toBe(1);
    const waiting = exchange(app.dataUrl, requestText(app.dataUrl, 'GET /tasks?task_ids=1'));
    await clock.advance(25_000);
    expect((await waiting).body.toString()).toBe('{}');
    socket.destroy();
    await app.stop();
    await upstream.stop();
  });

  it('that many readers leave untaken keeps no create waiting: reads have connections of their own', async () => {
    const upstream = await startLarge();
    const large = upstream.behave;
    upstream.behave = (socket, request) => {
      if (request.method === 'POST') socket.write(createdText(request));
      else large(socket, request);
    };
    const app = await startProxy({ upstream: { connections: 2 } }, { baseUrl: upstream.url });
    const stalled = [1, 2, 3].map(() => {
      const socket = connect(Number(new URL(app.dataUrl).port), '127.0.0.1');
      socket.pause();
      socket.write(requestText(app.dataUrl, 'GET /tasks?task_ids=large'));
      return socket;
    });
    const reads = (): number => upstream.requests.filter(({ target }) => target.includes('large')).length;
    await until('every connection for reads is taken', () => reads() === 2);
    expect((await exchange(app.dataUrl, createText(app.dataUrl))).status).toBe(200);
    expect(reads()).toBe(2);
    for (const socket of stalled) socket.destroy();
    await app.stop();
    await upstream.stop();
  });
});
