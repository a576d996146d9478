import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedApp } from '../app/start-app.ts';
import {
  createdText,
  startRawUpstream,
  type RawRequest,
  type RawUpstream,
} from '../upstream/raw-upstream.ts';
import { holdOf, untilHold } from './holds.ts';
import { startProxy } from './proxy-app.ts';
import type { RawAnswer } from './raw-answer.ts';
import { createText, exchange, requestText } from './wire.ts';

let upstream: RawUpstream;
let started: StartedApp;
beforeAll(async () => {
  upstream = await startRawUpstream(() => {});
  started = await startProxy({}, { baseUrl: upstream.url });
});
afterAll(async () => {
  await started.stop();
  await upstream.stop();
});

const jsonOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);
/** Writes an answer with these header lines and bytes. */
const raw = (lines: string[], body: Buffer, status = '200 OK'): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${[...lines, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n`),
    body,
  ]);

const JSON_LINE = 'Content-Type: application/json';
const CODED: [name: string, lines: string[], (json: Buffer) => Buffer][] = [
  ['gzip', [JSON_LINE, 'Content-Encoding: gzip'], gzipSync],
  ['x-gzip', [JSON_LINE, 'Content-Encoding: X-GZIP'], gzipSync],
  ['deflate', [JSON_LINE, 'Content-Encoding: deflate'], deflateSync],
  ['bare deflate', [JSON_LINE, 'Content-Encoding: deflate'], deflateRawSync],
  ['br', [JSON_LINE, 'Content-Encoding: br'], brotliCompressSync],
  ['zstd', [JSON_LINE, 'Content-Encoding: zstd'], zstdCompressSync],
  [
    'two, in two lines',
    [JSON_LINE, 'Content-Encoding: gzip', 'Content-Encoding: br'],
    (json) => brotliCompressSync(gzipSync(json)),
  ],
  ['text/json', ['Content-Type: text/json; charset=utf-8'], (json) => json],
  ['a byte order mark', [JSON_LINE], (json) => Buffer.concat([Buffer.from('\uFEFF'), json])],
  ['no type', [], (json) => json],
];

async function create(lines: string[], code: (json: Buffer) => Buffer): Promise<RawAnswer> {
  upstream.behave = (socket, request) => void socket.write(raw(lines, code(bodyFor(request))));
  return exchange(started.dataUrl, createText(started.dataUrl));
}

let made = 0;
const bodyFor = (request: RawRequest): Buffer => {
  made += 1;
  return Buffer.from(jsonOf(createdText(request, `70${made}`)));
};
const jsonIn = (answer: RawAnswer): unknown => JSON.parse(answer.body.toString().replace('\uFEFF', ''));

describe('an answer in a coding that was not requested', () => {
  it('is asked for as it is', async () => {
    await create([JSON_LINE], (json) => json);
    const asked = upstream.requests.at(-1)?.lines.filter(([name]) => /^accept-encoding$/i.test(name));
    expect(asked).toEqual([['accept-encoding', 'identity']]);
  });

  it.each(CODED)('settles a create at once and reaches its caller plain: %s', async (_name, lines, code) => {
    const answer = await create(lines, code);
    expect(answer.status).toBe(200);
    expect(answer.header('content-encoding')).toBeNull();
    expect(answer.header('content-length')).toBe(String(answer.body.length));
    expect(jsonIn(answer)).toMatchObject({ code: 0, data: { task_id: `70${made}` } });
    const hold = await holdOf(started, answer.header('x-kling-external-task-id') ?? '');
    expect(hold).toMatchObject({ inDoubt: false, taskId: `70${made}` });
    expect(upstream.requests.at(-1)?.method).toBe('POST');
  });

  it.each(CODED)(
    'is learnt from when an app reads a task, which it gets plain: %s',
    async (_name, lines, code) => {
      const id = `9${CODED.findIndex(([name]) => name === _name)}`;
      upstream.behave = (socket, request) =>
        void socket.write(raw([JSON_LINE], Buffer.from(jsonOf(createdText(request, id)))));
      const created = await exchange(started.dataUrl, createText(started.dataUrl));
      const external = created.header('x-kling-external-task-id') ?? '';
      const done = {
        code: 0,
        message: 'SUCCEED',
        request_id: 'r',
        data: {
          task_id: id,
          task_status: 'succeed',
          final_unit_deduction: '1',
          task_info: { external_task_id: external },
        },
      };
      upstream.behave = (socket) =>
        void socket.write(raw(lines, code(Buffer.from(JSON.stringify(done))), '203 Fine'));
      const answer = await exchange(
        started.dataUrl,
        requestText(started.dataUrl, `GET /v1/videos/text2video/${id}`, {
          headers: ['Accept-Encoding: identity'],
        }),
      );
      expect(answer.header('content-encoding')).toBeNull();
      expect(jsonIn(answer)).toEqual(done);
      await untilHold(started, external, { state: 'settled' });
    },
  );

  const GET = 'GET /tasks?task_ids=1';
  const read = (accept: string | null): Promise<RawAnswer> => {
    const headers = accept === null ? [] : [`Accept-Encoding: ${accept}`];
    return exchange(started.dataUrl, requestText(started.dataUrl, GET, { headers }));
  };
  const answerWith = (coding: string, body: Buffer): void => {
    upstream.behave = (socket) => void socket.write(raw([JSON_LINE, `Content-Encoding: ${coding}`], body));
  };

  it.each([
    [null, true],
    ['gzip', true],
    ['br, x-gzip;q=0.5', true],
    ['*', true],
    ['identity', false],
    ['br', false],
    ['*, gzip;q=0', false],
  ])('goes on unchanged to a reader that takes it, and plain to others: %s', async (accept, takes) => {
    const json = Buffer.from('{"code":0,"data":[]}');
    const coded = gzipSync(json);
    answerWith('gzip', coded);
    const answer = await read(accept);
    expect(answer.header('content-encoding')).toBe(takes ? 'gzip' : null);
    expect(answer.body).toEqual(takes ? coded : json);
    expect(answer.header('content-length')).toBe(String(answer.body.length));
  });

  it('is passed on unchanged if it cannot be decoded: an unknown coding, or damage', async () => {
    const odd = Buffer.from([1, 2, 3]);
    answerWith('odd', odd);
    expect((await read('identity')).body).toEqual(odd);
    const cut = gzipSync('{"code":0}').subarray(0, 15);
    answerWith('gzip', cut);
    const answer = await read('identity');
    expect([answer.header('content-encoding'), answer.body]).toEqual(['gzip', cut]);
  });

  const incompressible = Buffer.from(JSON.stringify({ data: randomBytes(1_500_000).toString('base64') }));

  it('that is large is decoded as it comes, whole, for every reader', async () => {
    answerWith('gzip', gzipSync(incompressible));
    const answer = await read('gzip');
    expect([answer.isWhole, answer.header('content-encoding')]).toEqual([true, null]);
    expect(answer.body.equals(incompressible)).toBe(true);
  });

  it('that is large and damaged breaks off, so that no reader takes a part for the whole', async () => {
    const coded = gzipSync(incompressible);
    answerWith('gzip', coded.fill(0xff, coded.length - 60_000));
    expect((await read('gzip')).isWhole).toBe(false);
  });
});
