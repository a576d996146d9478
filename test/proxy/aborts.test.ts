import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, until } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { createdText, startRawUpstream } from '../upstream/raw-upstream.ts';
import { holdsOf, untilHold, type HoldView } from './holds.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { CREATE_BODY, createText, exchange, requestText, Wire } from './wire.ts';

let started: StartedApp;
let url = '';
beforeAll(async () => {
  started = await startProxy({ tasks: { poll: true, pollIntervalMs: 200 } });
  url = started.dataUrl;
});
afterAll(() => started.stop());

const withMark = (mark: string): string => CREATE_BODY.replace('a paper boat', mark);
const keyed = (key: string, body: string): string =>
  createText(url, { headers: [`Idempotency-Key: ${key}`], body });
const postsOf = (mark: string): number =>
  started.emulator.requests().filter(({ method, body }) => method === 'POST' && body.includes(mark)).length;

async function goneWhile(mark: string, leave: (wire: Wire) => void): Promise<HoldView> {
  const wire = await Wire.open(url);
  wire.send(keyed(mark, withMark(mark)));
  await until('the create reached Kling', () => postsOf(mark) === 1);
  leave(wire);
  const sent = started.emulator.requests().find(({ body }) => body.includes(mark));
  const { external_task_id: id } = JSON.parse(sent?.body.toString() ?? '{}') as { external_task_id: string };
  return untilHold(started, id, { state: 'settled' });
}

describe('a client that goes away', () => {
  it('before its body was whole holds nothing and sends nothing', async () => {
    await nothingSent(started.emulator, async () => {
      const before = (await holdsOf(started)).length;
      const text = createText(url);
      for (const part of [10, text.indexOf('\r\n\r\n') + 4, text.length - 1]) {
        for (const leave of ['close', 'reset'] as const) {
          const wire = await Wire.open(url);
          wire.send(text.slice(0, part));
          await new Promise((resolve) => wire.socket.write('', resolve));
          wire[leave]();
        }
      }
      // A later request shows that the earlier ones are over.
      expectRefusal(await exchange(url, createText(url, { body: '[]' })), 'body_refused');
      expect((await holdsOf(started)).length).toBe(before);
    });
  });

  it.concurrent(
    'after the send loses nothing: the answer is recorded, settled, and there for the same key',
    async () => {
      for (const [mark, leave] of [
        ['gone-reset', (wire: Wire) => wire.reset()],
        ['gone-close', (wire: Wire) => wire.close()],
      ] as const) {
        started.emulator.addFault({ kind: 'latency', ms: 200, match: { bodyIncludes: mark } });
        const hold = await goneWhile(mark, leave);
        const again = await exchange(url, keyed(mark, withMark(mark)));
        expect(again.status).toBe(200);
        expect(again.json.data['task_id']).toBe(hold.taskId);
        expect(postsOf(mark)).toBe(1);
        expect(started.emulator.book().charges.filter(({ taskId }) => taskId === hold.taskId)).toHaveLength(
          1,
        );
      }
    },
  );

  it.concurrent('while the answer is lost loses nothing either', async () => {
    const mark = 'gone-lost';
    started.emulator.addFault({ kind: 'reset_after_charge', match: { bodyIncludes: mark } });
    const hold = await goneWhile(mark, (wire) => wire.reset());
    const again = await exchange(url, keyed(mark, withMark(mark)));
    expect(again.json.data['task_id']).toBe(hold.taskId);
    expect(postsOf(mark)).toBe(1);
  });

  it.concurrent('while it waits for a slot holds nothing and sends nothing', async () => {
    const app = await startProxy({ limits: { concurrency: { video: 1 }, queueWaitMsMax: 5_000 } });
    app.emulator.addFault({ kind: 'stuck_task', match: { method: 'POST', path: '/v1/' } });
    expect((await exchange(app.dataUrl, createText(app.dataUrl))).status).toBe(200);
    await nothingSent(app.emulator, async () => {
      const wire = await Wire.open(app.dataUrl);
      wire.send(createText(app.dataUrl));
      const queued = async (): Promise<number> => {
        const { json } = await get(`${app.controlUrl}/v1/status`);
        return (json as unknown as { pools: { queued: number }[] }).pools[0]?.queued ?? 0;
      };
      await until('it waits', async () => (await queued()) === 1);
      wire.reset();
      await until('it waits no more', async () => (await queued()) === 0);
      expect(await holdsOf(app)).toHaveLength(1);
    });
    await app.stop();
  });

  it.concurrent('in the middle of a read lets go of the connection to Kling', async () => {
    const upstream = await startRawUpstream(
      (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc'),
    );
    const app = await startProxy({}, { baseUrl: upstream.url });
    for (const leave of ['close', 'reset'] as const) {
      const wire = await Wire.open(app.dataUrl);
      const reached = upstream.requests.length;
      wire.send(requestText(app.dataUrl, 'GET /tasks?task_ids=1'));
      await until('it reached Kling', () => upstream.requests.length > reached);
      wire[leave]();
      await until('the connection is closed', () => upstream.sockets.size === 0);
    }
    await app.stop();
    await upstream.stop();
  });

  it.concurrent('with half of its pipeline answered loses none of the creates in it', async () => {
    let number = 0;
    const upstream = await startRawUpstream((socket, request) => {
      number += 1;
      const id = String(9000 + number);
      if (request.method === 'POST') setImmediate(() => socket.write(createdText(request, id)));
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    });
    const app = await startProxy({}, { baseUrl: upstream.url });
    const wire = await Wire.open(app.dataUrl);
    wire.send(createText(app.dataUrl).repeat(4));
    expect((await wire.answer()).status).toBe(200);
    wire.reset();
    await until('all of them are recorded', async () => {
      const holds = await holdsOf(app);
      return holds.length > 0 && holds.every(({ state, taskId }) => taskId !== null || state === 'released');
    });
    const posts = upstream.requests.filter(({ method }) => method === 'POST').length;
    const holds = await holdsOf(app);
    expect(holds.filter(({ taskId }) => taskId !== null)).toHaveLength(posts);
    await app.stop();
    await upstream.stop();
  });
});
