import { until } from '../app/calls.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedApp } from '../app/start-app.ts';
import {
  always,
  answerText,
  createdText,
  startRawUpstream,
  type RawUpstream,
} from '../upstream/raw-upstream.ts';
import { holdOf, holdsOf } from './holds.ts';
import { startProxy } from './proxy-app.ts';
import type { RawAnswer } from './raw-answer.ts';
import { CREATE_BODY, createText, exchange, requestText, Wire } from './wire.ts';

let upstream: RawUpstream;
let started: StartedApp;
let url = '';
beforeAll(async () => {
  upstream = await startRawUpstream(() => {});
  started = await startProxy({ upstream: { timeoutMs: 1000 } }, { baseUrl: upstream.url });
  url = started.dataUrl;
});
afterAll(async () => {
  await started.stop();
  await upstream.stop();
});

const OURS = new Set([
  'x-request-id',
  'server-timing',
  'x-kling-credits-held',
  'x-kling-budget-remaining',
  'x-kling-external-task-id',
  'connection',
  'keep-alive',
  'transfer-encoding',
]);
const endToEnd = (answer: RawAnswer): (readonly [string, string])[] =>
  answer.lines.filter(([name]) => !OURS.has(name.toLowerCase()));
const idOf = (answer: RawAnswer): string => answer.header('x-kling-external-task-id') ?? '';
const withId = (id: string): string => `${CREATE_BODY.slice(0, -1)},"external_task_id":"${id}"}`;

/** Posts a create while the upstream behaves so, and gives the answer and how often it was posted. */
async function create(
  behave: RawUpstream['behave'],
  text = createText(url),
): Promise<{ answer: RawAnswer; posts: number }> {
  upstream.behave = behave;
  const before = upstream.requests.length;
  const answer = await exchange(url, text);
  const posts = upstream.requests.slice(before).filter(({ method }) => method === 'POST').length;
  return { answer, posts };
}

describe('answers to creates', () => {
  it('come back with status, reason, end-to-end lines and body as they were, chunked or not', async () => {
    const lines = [
      'content-TYPE: application/json',
      'X-A: 1',
      'Set-Cookie: a=1',
      'x-a: 2',
      'Set-Cookie: b=2',
      'X-Latin: caf\xe9',
    ];
    const seen = lines.map((line) => line.split(': '));
    for (const isChunked of [false, true]) {
      let sent = '';
      const { answer, posts } = await create((socket, request) => {
        sent = createdText(request, isChunked ? '81' : '82').split('\r\n\r\n')[1] ?? '';
        const dropped = [
          'Connection: X-Hop',
          'X-Hop: 1',
          'Keep-Alive: timeout=1',
          'X-Kling-Credits-Held: 0',
          'X-Kling-Sidecar: no',
          'X-Request-Id: theirs',
        ];
        const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${sent.length}`;
        const body = isChunked ? `${sent.length.toString(16)}\r\n${sent}\r\n0\r\n\r\n` : sent;
        socket.write(
          Buffer.from(
            `HTTP/1.1 200 Fine\r\n${[...lines, ...dropped, framing].join('\r\n')}\r\n\r\n${body}`,
            'latin1',
          ),
        );
      });
      expect(posts).toBe(1);
      expect(`${answer.status} ${answer.reason}`).toBe('200 Fine');
      const length = isChunked ? [] : [['Content-Length', String(sent.length)]];
      expect(endToEnd(answer)).toEqual([...seen, ...length]);
      expect(answer.body.toString('latin1')).toBe(sent);
      expect(answer.all('x-kling-credits-held')).toEqual(['10']);
      expect(answer.header('x-kling-sidecar')).toBeNull();
      expect(await holdOf(started, idOf(answer))).toMatchObject({
        state: 'held',
        inDoubt: false,
        taskId: isChunked ? '81' : '82',
      });
    }
  });

  it('come back with any bytes in their reason', async () => {
    const { answer } = await create(
      (socket, request) =>
        void socket.write(
          Buffer.from(
            createdText(request).replace('200 OK', `200 ${Buffer.from('成功').toString('latin1')}`),
            'latin1',
          ),
        ),
    );
    expect(answer.status).toBe(200);
    expect(Buffer.from(answer.reason, 'latin1').toString()).toBe('成功');
    expect(answer.json.code).toBe(0);
  });

  it('release the hold at once if Kling says that nothing was made, and are passed on unchanged', async () => {
    const refusals: [status: string, code: number][] = [
      ['400 Bad Request', 1200],
      ['400 Bad Request', 1201],
      ['400 Bad Request', 1300],
      ['400 Bad Request', 1301],
      ['401 Unauthorized', 1000],
      ['401 Unauthorized', 1002],
      ['404 Not Found', 1202],
      ['404 Not Found', 1203],
      ['200 OK', 1301],
    ];
    for (const [status, code] of refusals) {
      const body = JSON.stringify({ code, message: 'no', request_id: 'r' });
      const text = answerText(body, {
        status,
        lines: ['Content-Type: application/json', 'Retry-After: 7'],
      });
      const { answer, posts } = await create(always(text));
      const about = `${status} ${code}`;
      expect(`${answer.status} ${answer.reason}`, about).toBe(status);
      expect(answer.body.toString(), about).toBe(body);
      expect(answer.header('retry-after'), about).toBe('7');
      expect(posts, about).toBe(1);
      expect(await holdOf(started, idOf(answer)), about).toMatchObject({
        state: 'released',
        inDoubt: false,
        taskId: null,
      });
    }
  });

  it('sign a create once more if Kling calls the token expired, with the same bytes', async () => {
    let count = 0;
    const refused = answerText('{"code":1004,"message":"expired","request_id":"r"}', {
      status: '401 Unauthorized',
    });
    const { answer, posts } = await create((socket, request) => {
      count += 1;
      socket.write(count === 1 ? refused : createdText(request));
    });
    expect(answer.status).toBe(200);
    expect(posts).toBe(2);
    const [first, second] = upstream.requests.slice(-2);
    expect(first?.body.equals(second?.body ?? Buffer.alloc(0))).toBe(true);
  });

  it('give repeats of a key or an id the same answer, for all characters of the id', async () => {
    const ids = [
      'plain-1',
      '视频 1',
      'caf\u00e9',
      'a/b%2F?c#d',
      '"\\"',
      '\u{1f3ac}',
      'a\\u0001b\\r\\nX-A: b',
      'x'.repeat(300),
    ];
    for (const [index, id] of ids.entries()) {
      const body = Buffer.from(withId(id.replace(/^"\\"$/, '\\"\\\\\\"'))).toString('latin1');
      const text = createText(url, { body });
      const { answer, posts } = await create((socket, request) => {
        const parsed = JSON.parse(request.body.toString()) as { external_task_id: string };
        const echoed = JSON.stringify({
          code: 0,
          message: 'ok',
          request_id: 'r',
          data: {
            task_id: String(1000 + index),
            task_status: 'submitted',
            task_info: { external_task_id: parsed.external_task_id },
          },
        });
        socket.write(Buffer.from(answerText(Buffer.from(echoed).toString('latin1')), 'latin1'));
      }, text);
      expect(answer.status, `${id} ${answer.body.toString()}`).toBe(200);
      expect(idOf(answer), id).toMatch(/^[\x21-\x7e]+$/);
      expect(posts).toBe(1);
      const again = await create(always(''), text);
      expect(again.posts, id).toBe(0);
      expect(again.answer.status, `${id} ${again.answer.body.toString()}`).toBe(200);
      expect(again.answer.body.equals(answer.body), id).toBe(true);
      expect(idOf(again.answer), id).toBe(idOf(answer));
    }
  });
});

describe('connections to Kling', () => {
  it('keep no answer over for the next create', async () => {
    const { answer } = await create(
      (socket, request) =>
        void socket.write(
          createdText(request, '1111') + createdText({ ...request, body: Buffer.from('') }, '2222'),
        ),
    );
    expect(answer.json.data['task_id']).toBe('1111');
    const next = await create((socket, request) => void socket.write(createdText(request, '3333')));
    expect(next.answer.json.data['task_id']).toBe('3333');
  });

  it('that Kling closes after each answer make no create twice and lose none', async () => {
    const before = upstream.requests.length;
    const wire = await Wire.open(url);
    let number = 5000;
    upstream.behave = (socket, request) => {
      number += 1;
      socket.write(createdText(request, String(number)), () => socket.end());
    };
    const holdsBefore = (await holdsOf(started)).length;
    for (let i = 0; i < 30; i += 1) {
      const answer = await wire.send(createText(url)).answer();
      expect([200, 502]).toContain(answer.status);
    }
    wire.close();
    const posts = upstream.requests.slice(before).filter(({ method }) => method === 'POST');
    expect(posts).toHaveLength(30);
    expect(new Set(posts.map(({ body }) => body.toString())).size).toBe(30);
    expect((await holdsOf(started)).length - holdsBefore).toBe(30);
  });

  it('carry the bytes of a create once, although its answer redirects to the same origin', async () => {
    const { answer, posts } = await create(
      always(
        answerText('{"code":1200,"message":"x"}', {
          status: '308 Moved',
          lines: ['Content-Type: application/json', 'Location: /v1/videos/text2video'],
        }),
      ),
    );
    expect(posts).toBe(1);
    expect(answer.status).toBe(308);
    expect(answer.header('location')).toBe('/v1/videos/text2video');
  });

  it('serve reads while a create waits', async () => {
    const creates: (() => void)[] = [];
    upstream.behave = (socket, request) => {
      if (request.method === 'GET') socket.write(answerText('{"code":0,"data":[]}'));
      else creates.push(() => void socket.write(createdText(request, '7777')));
    };
    const slow = exchange(url, createText(url));
    const read = await exchange(url, requestText(url, 'GET /tasks?task_ids=1'));
    expect(read.status).toBe(200);
    await until('the create arrived', () => creates.length === 1);
    creates[0]?.();
    expect((await slow).json.data['task_id']).toBe('7777');
  });
});
