import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { whileMoving } from '../money/hand-clock.ts';
import { always, answerText, startRawUpstream, type RawUpstream } from '../upstream/raw-upstream.ts';
import type { StartedApp } from '../app/start-app.ts';
import { ODD_SHAPES, SHAPES, type Shape } from './answer-shapes.ts';
import { startProxy } from './proxy-app.ts';
import type { RawAnswer } from './raw-answer.ts';
import { expectRefusal } from './refused.ts';
import { exchange, JSON_TYPE, requestText, Wire } from './wire.ts';

let upstream: RawUpstream;
let started: StartedApp;
let url = '';
beforeAll(async () => {
  upstream = await startRawUpstream(() => {});
  // A read is sent again after a random part of the wait: after no wait at all here.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  started = await startProxy({ upstream: { timeoutMs: 400 } }, { baseUrl: upstream.url });
  vi.restoreAllMocks();
  url = started.dataUrl;
});
afterAll(async () => {
  await started.stop();
  await upstream.stop();
});

/** Lines that are of this hop or ours, and so are not compared. */
const OURS = new Set(['x-request-id', 'server-timing', 'connection', 'keep-alive', 'transfer-encoding']);
const endToEnd = (answer: RawAnswer): (readonly [string, string])[] =>
  answer.lines.filter(([name]) => !OURS.has(name.toLowerCase()));

const START = Date.UTC(2026, 9, 20);
const READ = 'GET /tasks?task_ids=1';

async function readThrough(bytes: string, ends = false): Promise<RawAnswer> {
  upstream.behave = (socket) => {
    socket.write(Buffer.from(bytes, 'latin1'));
    if (ends) socket.end();
  };
  return exchange(url, requestText(url, READ));
}

function expectShape(answer: RawAnswer, { name, status, reason, lines, body }: Shape): void {
  expect(`${answer.status} ${answer.reason}`, name).toBe(`${status} ${reason}`);
  expect(endToEnd(answer), name).toEqual(lines);
  expect(answer.body.equals(Buffer.from(body, 'latin1')), name).toBe(true);
  expect(answer.isWhole, name).toBe(true);
  expect(answer.all('x-request-id'), name).toHaveLength(1);
  expect(answer.all('server-timing'), name).toHaveLength(1);
}

describe('answers to reads', () => {
  it('come back with status, reason, end-to-end lines and body as they were', async () => {
    for (const shape of SHAPES) expectShape(await readThrough(shape.bytes), shape);
  });

  it('are framed anew if their framing was for one hop', async () => {
    for (const shape of ODD_SHAPES) expectShape(await readThrough(shape.bytes, shape.ends), shape);
  });

  it('come back alike for POSTs that read, and for reads one after the other on one connection', async () => {
    const wire = await Wire.open(url);
    for (const shape of SHAPES) {
      upstream.behave = always(shape.bytes);
      const answer = await wire
        .send(requestText(url, 'POST /tasks', { headers: [JSON_TYPE], body: '{}' }))
        .answer();
      expectShape(answer, shape);
    }
    expect(wire.isClosed).toBe(false);
    wire.close();
  });

  it('have no body for HEAD, but the length that a GET would have had', async () => {
    const heads: [string, string | null][] = [
      ['HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 1234\r\n\r\n', '1234'],
      ['HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n', null],
      ['HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n', null],
      ['HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: 0\r\n\r\n', '0'],
    ];
    const wire = await Wire.open(url);
    for (const [bytes, length] of heads) {
      upstream.behave = always(bytes);
      const answer = await wire.expectHead().send(requestText(url, 'HEAD /tasks?task_ids=1')).answer();
      expect(upstream.requests.at(-1)?.method).toBe('HEAD');
      expect(answer.header('content-length')).toBe(length);
      expect(answer.header('x-a')).toBe('b');
    }
    upstream.behave = always(answerText('{}'));
    expect((await wire.send(requestText(url, READ)).answer()).body.toString()).toBe('{}');
    wire.close();
  });

  it('reach a client of HTTP/1.0 whole, without chunks', async () => {
    upstream.behave = always(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
    );
    const wire = await Wire.open(url);
    wire.send(`GET /tasks?task_ids=1 HTTP/1.0\r\nHost: ${new URL(url).host}\r\n\r\n`);
    const answer = await wire.answer();
    expect(answer.header('transfer-encoding')).toBeNull();
    expect(answer.body.toString()).toBe('abc');
    await wire.closed();
  });

  it('are never followed if they redirect, on any origin, and the key is sent nowhere else', async () => {
    const elsewhere = await startRawUpstream(always(answerText('{}')));
    for (const status of [301, 302, 303, 307, 308]) {
      for (const location of [
        `${elsewhere.url}/v1`,
        `//${new URL(elsewhere.url).host}/v1`,
        '/tasks?task_ids=2',
      ]) {
        const before = upstream.requests.length;
        const lines = [`Location: ${location}`];
        upstream.behave = always(answerText('', { status: `${status} Moved`, lines }));
        for (const text of [
          requestText(url, READ),
          requestText(url, 'POST /tasks', { headers: [JSON_TYPE], body: '{}' }),
        ]) {
          const answer = await exchange(url, text);
          expect(answer.status).toBe(status);
          expect(answer.header('location')).toBe(location === '/tasks?task_ids=2' ? location : null);
        }
        expect(upstream.requests.length).toBe(before + 2);
      }
    }
    expect(elsewhere.accepted).toBe(0);
    await elsewhere.stop();
  });
});

/** Answers that are cut off or broken: a truncated transfer once bytes have gone on, else our own 502. */
const BROKEN: readonly [name: string, bytes: string, seen: 'cut' | 'refused' | 'late'][] = [
  ['a body shorter than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', 'cut'],
  ['a head alone', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', 'cut'],
  ['chunks without the last', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'cut'],
  ['a chunk cut off', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc', 'cut'],
  [
    'a broken chunk size',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\nabc',
    'cut',
  ],
  ['nothing', '', 'refused'],
  ['half a status line', 'HTTP/1.1 20', 'refused'],
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le', 'refused'],
  ['only an informational answer', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'refused'],
  [
    'a 100 that nobody asked for',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'refused',
  ],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', 'refused'],
  ['HTTP/2', 'HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n', 'refused'],
  ['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw', 'refused'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 'refused'],
  [
    'length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    'refused',
  ],
  ['a folded line', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n', 'refused'],
  ['a space in a name', 'HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 0\r\n\r\n', 'refused'],
  ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nX-A: b\rX-B: c\r\nContent-Length: 0\r\n\r\n', 'refused'],
  ['a NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: b\0\r\nContent-Length: 0\r\n\r\n', 'refused'],
  [
    'a head over 32 KiB',
    `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(40_000)}\r\nContent-Length: 0\r\n\r\n`,
    'refused',
  ],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n', 'refused'],
  ['a status below 100', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n', 'refused'],
];

describe('broken answers to reads', () => {
  it('are a cut transfer or our 502, and never a clean wrong answer', async () => {
    for (const reset of [false, true]) {
      for (const [name, bytes, seen] of BROKEN) {
        upstream.behave = (socket) => {
          socket.write(Buffer.from(bytes, 'latin1'), () => {
            if (reset) socket.resetAndDestroy();
            else socket.end();
          });
        };
        const about = `${name}${reset ? ', reset' : ''}`;
        const answer = await exchange(url, requestText(url, READ)).catch(() => null);
        const isCut = answer === null || !answer.isWhole;
        if (seen === 'cut' && !isCut && reset) expectRefusal(answer, 'upstream_unreachable', 502, about);
        else if (seen === 'cut')
          expect(isCut, `${about} ${answer?.status} ${answer?.body.toString()}`).toBe(true);
        else if (answer === null) expect.fail(`${about}: no answer`);
        else expectRefusal(answer, 'upstream_unreachable', 502, about);
      }
    }
  });

  it('are tried once more for a GET, never for a POST, and never after an answer has begun', async () => {
    const cases: [text: string, bytes: string, attempts: number][] = [
      [requestText(url, READ), '', 2],
      [requestText(url, 'HEAD /tasks?task_ids=1'), '', 2],
      [requestText(url, 'POST /tasks', { headers: [JSON_TYPE], body: '{}' }), '', 1],
      [requestText(url, 'POST /v1/general/delete-voices', { headers: [JSON_TYPE], body: '{}' }), '', 1],
      [requestText(url, READ), 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', 1],
    ];
    for (const [text, bytes, attempts] of cases) {
      upstream.behave = (socket) => void socket.write(bytes, () => socket.resetAndDestroy());
      const before = upstream.requests.length;
      await exchange(url, text).catch(() => null);
      expect(upstream.requests.length - before, text).toBe(attempts);
    }
    let isFirst = true;
    upstream.behave = (socket) => {
      if (isFirst) socket.resetAndDestroy();
      else socket.write(answerText('{"code":0}'));
      isFirst = false;
    };
    expect((await exchange(url, requestText(url, READ))).body.toString()).toBe('{"code":0}');
  });

  it('are 504 after upstream.timeoutMs if none comes', async () => {
    upstream.behave = () => {};
    const clock = createManualClock(START);
    const slow = await startProxy({ upstream: { timeoutMs: 400 } }, { baseUrl: upstream.url, clock });
    const before = upstream.requests.length;
    const asked = exchange(slow.dataUrl, requestText(slow.dataUrl, READ));
    const answer = await whileMoving(clock, asked, 50);
    expectRefusal(answer, 'upstream_timeout', 504);
    expect(clock.now() - START).toBeGreaterThanOrEqual(400);
    expect(upstream.requests.length - before).toBe(1);
    await slow.stop();
  });

  it('leave nothing behind that the next request could get', async () => {
    const staged = answerText('{"staged":true}');
    upstream.behave = (socket) => void socket.write(answerText('{"own":1}') + staged + staged);
    for (let i = 0; i < 5; i += 1) {
      const answer = await exchange(url, requestText(url, READ));
      expect(answer.body.toString()).toBe('{"own":1}');
    }
  });
});
