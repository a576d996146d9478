import { onTestFinished, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import {
  Attempt,
  BODY_IDLE_MS_MAX,
  type AnswerHead,
  type AttemptFailure,
  type OutboundRequest,
} from '../../src/upstream/attempt.ts';
import { openPool } from '../../src/upstream/pool.ts';
import { until } from '../app/calls.ts';
import { always, answerText, startRawUpstream, type Behaviour, type RawUpstream } from './raw-upstream.ts';

interface Seen {
  attempt: Attempt;
  head: AnswerHead | null;
  body: string;
  ends: number;
  failures: AttemptFailure[];
}

interface Rig {
  upstream: RawUpstream;
  clock: ManualClock;
  send(request?: Partial<OutboundRequest>, deadlineMs?: number | null): Seen;
}

const TIMEOUT_MS = 5_000;
const GET: OutboundRequest = { method: 'GET', path: '/tasks', headers: ['accept', 'a/b'], body: null };

function sender(baseUrl: string, connections = 4): { clock: ManualClock; send: Rig['send'] } {
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const pool = openPool({ baseUrl, connections, proxy: null, caFile: null });
  onTestFinished(() => pool.destroy());
  return {
    clock,
    send(request = {}, deadlineMs = null) {
      const seen: Omit<Seen, 'attempt'> = { head: null, body: '', ends: 0, failures: [] };
      const attempt = new Attempt(
        { pool, clock, timeoutMs: TIMEOUT_MS, deadlineMs },
        {
          onHead: (head) => void (seen.head = head),
          onChunk: (chunk) => void (seen.body += chunk.toString('latin1')),
          onEnd: () => void (seen.ends += 1),
          onFailure: (failure) => void seen.failures.push(failure),
        },
      );
      attempt.dispatch({ ...GET, ...request });
      return Object.assign(seen, { attempt });
    },
  };
}

async function rig(behave: Behaviour, connections = 4): Promise<Rig> {
  const upstream = await startRawUpstream(behave);
  onTestFinished(() => upstream.stop());
  return { upstream, ...sender(upstream.url, connections) };
}

const over = (seen: Seen): Promise<boolean> => until('the end', () => seen.ends + seen.failures.length > 0);

describe('an attempt', () => {
  it('sends the bytes unchanged and reports the answer once', async () => {
    const { upstream, send } = await rig(always(answerText('{"code":0}', { status: '201 Made' })));
    const body = Buffer.from('{"a":"\u00e9"}');
    const seen = send({
      method: 'POST',
      path: '/v1/x?y=%20',
      headers: ['x-a', '1', 'authorization', 'Bearer k'],
      body,
    });
    await over(seen);
    expect(seen).toMatchObject({
      head: { status: 201, reason: 'Made' },
      body: '{"code":0}',
      ends: 1,
      failures: [],
    });
    const [request] = upstream.requests;
    expect(request).toMatchObject({ method: 'POST', target: '/v1/x?y=%20' });
    expect(request?.body.equals(body)).toBe(true);
    expect(request?.lines.map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort()).toEqual([
      'authorization: Bearer k',
      'connection: keep-alive',
      `content-length: ${body.length}`,
      `host: ${new URL(upstream.url).host}`,
      'x-a: 1',
    ]);
  });

  it('was not sent if nobody listens', async () => {
    const upstream = await startRawUpstream(() => {});
    await upstream.stop();
    const { send } = sender(upstream.url);
    const seen = send();
    await over(seen);
    expect(seen.failures).toMatchObject([{ errorClass: 'refused', sent: false }]);
  });

  it('was sent if the connection broke at any time', async () => {
    const cases: [Behaviour, string][] = [
      [(socket) => socket.resetAndDestroy(), 'reset'],
      [(socket) => void socket.end(), 'reset'],
      [(socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'), 'truncated'],
      [
        (socket) =>
          void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', () =>
            socket.resetAndDestroy(),
          ),
        'truncated',
      ],
      [always('no HTTP at all\r\n\r\n'), 'malformed'],
      [always(`HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(40_000)}\r\n\r\n`), 'malformed'],
      [always('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'), 'malformed'],
      [always('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'), 'malformed'],
    ];
    for (const [behave, errorClass] of cases) {
      const { send } = await rig(behave);
      const seen = send({ method: 'POST', body: Buffer.from('{}') });
      await over(seen);
      expect(seen.failures).toMatchObject([{ errorClass, sent: true }]);
      expect(seen.ends).toBe(0);
    }
  });

  it('reports only the text of a failure: no header and no body', async () => {
    const { send } = await rig((socket) => socket.resetAndDestroy());
    const seen = send({
      method: 'POST',
      headers: ['authorization', 'Bearer top-secret'],
      body: Buffer.from('{"prompt":"private"}'),
    });
    await over(seen);
    expect(JSON.stringify(seen.failures)).not.toMatch(/top-secret|private/);
    expect(seen.failures[0]?.cause.length).toBeLessThanOrEqual(200);
  });

  it('is given up when no head comes in time, and its connection closed', async () => {
    const { upstream, clock, send } = await rig(() => {});
    const seen = send();
    await until('it arrived', () => upstream.requests.length === 1);
    await until('all was sent', () => seen.attempt.sent);
    await clock.advance(TIMEOUT_MS - 1);
    expect(seen.failures).toEqual([]);
    await clock.advance(1);
    expect(seen.failures).toMatchObject([{ errorClass: 'headers_timeout', sent: true }]);
    await until('the connection is closed', () => upstream.sockets.size === 0);
  });

  it('never leaves once it was given up or abandoned while it waited for a connection', async () => {
    const { upstream, clock, send } = await rig(() => {}, 1);
    const first = send();
    await until('the first arrived', () => upstream.requests.length === 1);
    const late = send({ method: 'POST', path: '/late', body: Buffer.from('{}') }, 1_000);
    const dropped = send({ method: 'POST', path: '/dropped', body: Buffer.from('{}') });
    expect(late.attempt.sent).toBe(false);
    await clock.advance(1_000);
    dropped.attempt.abandon();
    expect(late.failures).toMatchObject([{ errorClass: 'no_connection', sent: false }]);
    expect(late.failures[0]?.cause).toBe('all 1 connections to Kling were busy until the deadline');
    for (const socket of upstream.sockets) socket.write(answerText('{}'));
    await over(first);
    upstream.behave = always(answerText('{}'));
    const next = send({ path: '/next' });
    await over(next);
    expect(upstream.requests.map(({ target }) => target)).toEqual(['/tasks', '/next']);
    expect(dropped).toMatchObject({ head: null, ends: 0, failures: [] });
    const later = send({ path: '/later' }, 1_000);
    await over(later);
    expect(later).toMatchObject({ ends: 1, failures: [] });
  });

  it('was given no connection by us if its headers cannot be sent', async () => {
    const { send, upstream } = await rig(always(answerText('{}')));
    const seen = send({ headers: ['x-a', 'line\nfeed'] });
    await over(seen);
    expect(seen.failures).toMatchObject([{ errorClass: 'no_connection', sent: false }]);
    expect(upstream.requests).toEqual([]);
  });

  it('is closed when it is abandoned in the middle of an answer, and says no more', async () => {
    const { upstream, send } = await rig(always('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'));
    const seen = send();
    await until('a chunk came', () => seen.body === 'abc');
    seen.attempt.abandon();
    await until('the connection is closed', () => upstream.sockets.size === 0);
    expect(seen).toMatchObject({ ends: 0, failures: [] });
  });

  it('ends when a body pauses for too long, but not while we stopped it', async () => {
    const { upstream, clock, send } = await rig(always('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'));
    const seen = send();
    await until('a chunk came', () => seen.body === 'abc');
    seen.attempt.pause();
    await clock.advance(10 * BODY_IDLE_MS_MAX);
    expect(seen.failures).toEqual([]);
    seen.attempt.resume();
    await clock.advance(BODY_IDLE_MS_MAX - 1);
    for (const socket of upstream.sockets) socket.write('def');
    await until('more came', () => seen.body === 'abcdef');
    await clock.advance(BODY_IDLE_MS_MAX - 1);
    expect(seen.failures).toEqual([]);
    await clock.advance(1);
    expect(seen.failures).toMatchObject([{ errorClass: 'body_timeout', sent: true }]);
  });

  it('drops informational answers, and takes no upgrade', async () => {
    const { send } = await rig(always(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answerText('{}')}`));
    const seen = send();
    await over(seen);
    expect(seen).toMatchObject({ head: { status: 200 }, body: '{}', ends: 1 });
    const other = await rig(
      always('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n'),
    );
    const upgraded = other.send();
    await over(upgraded);
    expect(upgraded).toMatchObject({ head: null, ends: 0, failures: [{ sent: true }] });
  });

  it('refuses header values and paths that would break out of their line', async () => {
    const { upstream, send } = await rig(always(answerText('{}')));
    for (const request of [
      { headers: ['x-a', 'b\r\nx-c: d'] },
      { headers: ['x-a\r\nx-c', 'd'] },
      { path: '/a HTTP/1.1\r\nx: y\r\n\r\nGET /b' },
      { path: 'http://127.0.0.1:1/x' },
      { headers: ['transfer-encoding', 'chunked'], method: 'POST' as const, body: Buffer.from('{}') },
    ]) {
      const seen = send(request);
      await over(seen);
      const [failure] = seen.failures;
      if (failure) expect(failure, JSON.stringify(request)).toMatchObject({ sent: false });
      expect(upstream.requests.every(({ lines }) => lines.every(([name]) => name !== 'x-c'))).toBe(true);
    }
    expect(upstream.requests.filter(({ target }) => target.startsWith('/b'))).toEqual([]);
  });
});
