import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { CREATE_BODY, CREATE_PATH, JSON_TYPE, createText, exchange, requestText, Wire } from './wire.ts';

let started: StartedApp;
let url = '';
beforeAll(async () => {
  started = await startProxy();
  url = started.dataUrl;
});
afterAll(() => started.stop());

const refuse = <T>(act: () => Promise<T>): Promise<T> => nothingSent(started.emulator, act);

describe('sizes', () => {
  it('answers 431 to heads over 16 KiB and to more than 200 lines', async () => {
    await refuse(async () => {
      const long = `X-Long: ${'a'.repeat(17_000)}`;
      const many = Array.from({ length: 5000 }, (_, i) => `X-${i}: b`);
      const short = Array.from({ length: 250 }, (_, i) => `X-${i}: b`);
      for (const headers of [[long], many, short]) {
        const answer = await exchange(url, requestText(url, 'GET /tasks?task_ids=1', { headers }));
        expectRefusal(answer, 'target_refused', 431, `${headers.length} lines`);
      }
      const target = `GET /tasks?task_ids=${'1'.repeat(17_000)}`;
      expectRefusal(await exchange(url, requestText(url, target)), 'target_refused', 431);
    });
  });

  it('does not overlook a header behind two hundred others', async () => {
    const fill = Array.from({ length: 198 }, (_, i) => `X-${i}: b`);
    await refuse(async () => {
      for (const last of ['Origin: http://evil.example', 'Host: evil.example', 'Content-Encoding: gzip']) {
        const answer = await exchange(url, createText(url, { headers: [...fill, last] }));
        expect(answer.status, last).toBeGreaterThanOrEqual(400);
        expect(answer.header('x-kling-sidecar'), last).not.toBeNull();
      }
    });
  });

  it('takes names that are properties of every object for plain names', async () => {
    const headers = ['__proto__: x', 'constructor: y', 'toString: z', 'hasOwnProperty: w'];
    const answer = await exchange(url, requestText(url, 'GET /tasks?task_ids=1', { headers }));
    expect(answer.status).toBe(200);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    const sent = started.emulator.requests().at(-1);
    expect(Object.keys(sent?.headers ?? {}).sort()).toEqual([
      'accept-encoding',
      'authorization',
      'connection',
      'host',
    ]);
  });
});

describe('one connection', () => {
  it('lets a client that is still sending read why it was refused, and does not reset it', async () => {
    const size = 6 * 1_048_576;
    await refuse(async () => {
      for (const [line, word] of [
        ['POST /v1//videos', 'target_refused'],
        [`POST ${CREATE_PATH}`, 'media_type_refused'],
      ] as const) {
        const wire = await Wire.open(url);
        wire.send(requestText(url, line, { headers: [`Content-Length: ${size}`] }));
        for (let sent = 0; sent < size; sent += 65_536) wire.send(Buffer.alloc(65_536, 0x20));
        await new Promise((resolve) => wire.socket.write('', resolve));
        expectRefusal(await wire.answer(), word);
        expect(wire.error, line).toBeNull();
        wire.close();
      }
    });
  });

  it('answers pipelined requests in order', async () => {
    const wire = await Wire.open(url);
    const ids = ['11', '22', '33', '44'];
    const reads = ids.map((id) =>
      requestText(url, `GET /tasks?task_ids=${id}`, { headers: [`X-Request-Id: r-${id}`] }),
    );
    wire.send(reads[0] + createText(url, { headers: ['X-Request-Id: c'] }) + reads.slice(1).join(''));
    for (const id of ['r-11', 'c', 'r-22', 'r-33', 'r-44']) {
      const answer = await wire.answer();
      expect(answer.status).toBe(200);
      expect(answer.header('x-request-id')).toBe(id);
    }
    wire.close();
  });

  it('never answers a request with the refusal of a later one', async () => {
    const fault = started.emulator.addFault({
      kind: 'latency',
      ms: 200,
      match: { method: 'POST', path: '/v1/' },
    });
    for (const garbage of [
      '\0\0 what is this\r\n\r\n',
      'GET /tasks HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ]) {
      const before = started.emulator.requests().length;
      fault.left = 1;
      const wire = await Wire.open(url);
      // An equal create would join the one before, whose connection was closed.
      wire.send(createText(url, { body: CREATE_BODY.replace('a paper boat', `boat ${garbage.length}`) }));
      await until('the create arrived', () => started.emulator.requests().length > before);
      wire.send(garbage);
      const first = await wire.answer().catch(() => null);
      expect(first === null || first.status === 200, `${first?.status} ${first?.body.toString()}`).toBe(true);
      wire.close();
    }
  });

  it('keeps a connection whose request was refused after its body was read', async () => {
    const wire = await Wire.open(url);
    wire.send(createText(url, { body: '{"a":1,"a":2}' }));
    expectRefusal(await wire.answer(), 'body_refused');
    wire.send(requestText(url, 'GET /tasks?task_ids=1'));
    expect((await wire.answer()).status).toBe(200);
    wire.send(requestText(url, 'GET //tasks'));
    expectRefusal(await wire.answer(), 'target_refused', 404);
    wire.close();
  });

  it('closes a connection whose refused body was not read, and takes none of it for a request', async () => {
    await refuse(async () => {
      const wire = await Wire.open(url);
      const hidden = createText(url);
      wire.send(
        requestText(url, 'POST /v1//videos', { headers: [JSON_TYPE, `Content-Length: ${hidden.length}`] }) +
          hidden,
      );
      const answer = await wire.answer();
      expectRefusal(answer, 'target_refused');
      expect(answer.header('connection')).toBe('close');
      await wire.closed();
      expect(wire.count).toBe(1);
    });
  });
});
