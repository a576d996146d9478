import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get } from '../app/calls.ts';
import { EMULATOR_KEY, type StartedApp } from '../app/start-app.ts';
import { answerText, startRawUpstream, type RawRequest, type RawUpstream } from '../upstream/raw-upstream.ts';
import { startProxy } from './proxy-app.ts';
import { createText, exchange, requestText, Wire } from './wire.ts';

const KEY = EMULATOR_KEY;
const MASK = '*'.repeat(KEY.length);
const LINES = ['Content-Type: application/json', `X-Echo: Bearer ${KEY}`, `Server: ${KEY}`, `Date: ${KEY}`];

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

const sent = ({ lines }: RawRequest): string =>
  lines.find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';

describe('a key that the upstream echoes', () => {
  it('reaches no app, in body or headers, and is nowhere in the store', async () => {
    upstream.behave = (socket, request) => {
      const body = `{"code":1200,"message":"you sent ${sent(request)}","request_id":"${KEY}"}`;
      socket.write(answerText(body, { status: `400 ${KEY}`, lines: LINES }));
    };
    const made = await exchange(
      started.dataUrl,
      createText(started.dataUrl, { headers: ['Idempotency-Key: k'] }),
    );
    expect(made.status).toBe(400);
    expect(made.json).toMatchObject({ message: `you sent Bearer ${MASK}`, request_id: MASK });
    expect(made.header('x-echo')).toBe(`Bearer ${MASK}`);
    const read = await exchange(started.dataUrl, requestText(started.dataUrl, 'GET /tasks?task_ids=1'));
    expect(read.json).toMatchObject({ request_id: MASK });
    expect(read.reason).toBe(MASK);
    upstream.behave = (socket) =>
      void socket.write(
        answerText(`{"code":5000,"request_id":"\\u0065${KEY.slice(1)}"}`, { status: '500 No', lines: LINES }),
      );
    await exchange(started.dataUrl, requestText(started.dataUrl, 'GET /tasks?task_ids=2'));
    const { json } = await get(`${started.controlUrl}/v1/calls?limit=10`);
    expect(JSON.stringify(json)).toContain(MASK);
    await started.app.runDue();
    for (const file of ['sidecar.db', 'sidecar.db-wal']) {
      const bytes = await readFile(path.join(started.folder, 'data', file)).catch(() => Buffer.alloc(0));
      expect(bytes.includes(KEY), file).toBe(false);
    }
  });

  it('is found in an answer in pieces, or compressed', async () => {
    const body = `{"code":0,"message":"${KEY}","data":[]}`;
    const cut = body.indexOf(KEY) + 5;
    upstream.behave = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, cut)}`);
      setImmediate(() => socket.write(body.slice(cut)));
    };
    const ask = () => exchange(started.dataUrl, requestText(started.dataUrl, 'GET /tasks?task_ids=1'));
    expect((await ask()).json.message).toBe(MASK);
    const coded = gzipSync(body);
    upstream.behave = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${coded.length}\r\n\r\n`);
      socket.write(coded);
    };
    expect((await ask()).json.message).toBe(MASK);
  });

  it('does not hold back text that only looks like its beginning', async () => {
    const wire = await Wire.open(started.dataUrl);
    const body = `{"data":"${KEY.slice(0, 4)}`;
    upstream.behave = (socket) =>
      void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    wire.send(requestText(started.dataUrl, 'GET /tasks?task_ids=1'));
    expect((await wire.answer()).body.toString()).toBe(body);
    wire.close();
  });
});
