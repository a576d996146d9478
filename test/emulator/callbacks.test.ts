/** Callbacks over real sockets: their bodies, their signatures, and what the settings do to them. */
import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CallbackSettings } from '../../src/emulator/callback-orders.ts';
import { webhookHeaders } from '../../src/emulator/callback-sender.ts';
import { at, startRig, textAt, until, type Rig } from './client.ts';

const t2v = '/v1/videos/text2video';
const SECRET = 'whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=';

interface Received {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  body: Record<string, unknown>;
}

interface Receiver {
  url: string;
  got: Received[];
  /** The statuses of its next answers; 200 from then on. */
  answers: number[];
}

async function startReceiver(): Promise<Receiver> {
  const got: Received[] = [];
  const answers: number[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (text += part));
    request.on('end', () => {
      const body = JSON.parse(text) as Record<string, unknown>;
      got.push({ path: request.url ?? '', headers: request.headers, text, body });
      response.writeHead(answers.shift() ?? 200).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, got, answers };
}

interface Scene {
  rig: Rig;
  receiver: Receiver;
  /** Makes a legacy task with an address; gives its id. */
  create(path?: string): Promise<string>;
}

async function startScene(callbacks: Partial<CallbackSettings> = {}): Promise<Scene> {
  const receiver = await startReceiver();
  const rig = await startRig({ callbacks, concurrency: { video: 1000, image: 1000 } });
  const create = async (path = '/c'): Promise<string> => {
    const { data } = await rig.post(t2v, { prompt: 'a cat', callback_url: `${receiver.url}${path}` });
    return textAt(data, 'task_id');
  };
  return { rig, receiver, create };
}

/** Moves age on and waits until nothing is under way. */
async function move(rig: Rig, byMs: number): Promise<void> {
  rig.emulator.advance(byMs);
  await settled(rig);
}

async function settled(rig: Rig): Promise<void> {
  for (let calm = 0; calm < 20; calm += 1) {
    await until(() => rig.emulator.callbacks().every((sent) => sent.answer !== null));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const statuses = ({ got }: Receiver) => got.map(({ body }) => body['task_status'] ?? body['status']);

describe('a callback', () => {
  it('is sent for each change of a legacy task, with its state at that moment and no envelope', async () => {
    const { rig, receiver, create } = await startScene();
    const id = await create('/c?x=1');
    expect(receiver.got).toEqual([]);
    await move(rig, 100);
    expect(statuses(receiver)).toEqual(['submitted']);
    await move(rig, 60_000);
    expect(statuses(receiver)).toEqual(['submitted', 'processing', 'succeed']);
    const [submitted, processing, end] = receiver.got;
    expect(submitted).toMatchObject({
      path: '/c?x=1',
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
    expect(submitted?.headers['webhook-id']).toBeUndefined();
    expect(processing?.body).toMatchObject({ task_id: id, task_result: {} });
    const { watermark_info: _mark, ...view } = (await rig.get(`${t2v}/${id}`)).data as object & {
      watermark_info: unknown;
    };
    expect(end?.body).toEqual(view);
    expect(rig.emulator.callbacks()).toMatchObject([
      { taskId: id, status: 'submitted', answer: 200, isForged: false },
      { taskId: id, status: 'processing', answer: 200 },
      { taskId: id, status: 'succeed', answer: 200, url: `${receiver.url}/c?x=1` },
    ]);
  });

  it('has the form of the new generation for its tasks', async () => {
    const { rig, receiver } = await startScene();
    const { data } = await rig.post('/text-to-video/kling-3.0', {
      prompt: 'a cat',
      options: { callback_url: receiver.url, external_task_id: 'mine' },
    });
    await move(rig, 60_000);
    expect(statuses(receiver)).toEqual(['submitted', 'processing', 'succeeded']);
    const shown = (await rig.get(`/tasks?task_ids=${textAt(data, 'id')}`)).data;
    expect(receiver.got[2]?.body).toEqual(at(shown, 0));
    expect(receiver.got[2]?.body).toMatchObject({ external_id: 'mine', billing: [{ charge_type: 'unit' }] });
  });

  it('is not sent for a task without an address, nor after a reset', async () => {
    const { rig, receiver, create } = await startScene();
    await rig.post(t2v, { prompt: 'a cat' });
    await move(rig, 60_000);
    await create();
    rig.emulator.reset();
    await move(rig, 60_000);
    expect([receiver.got.length, rig.emulator.callbacks().length]).toEqual([0, 0]);
  });

  it('comes by the clock, at the speed of the emulator', async () => {
    const { rig, receiver, create } = await startScene();
    await create();
    await rig.post('/_emulator/clock', { speed: 10 });
    await rig.clock.advance(599);
    await settled(rig);
    expect(statuses(receiver)).toEqual(['submitted', 'processing']);
    await rig.clock.advance(12);
    await settled(rig);
    expect(statuses(receiver)).toEqual(['submitted', 'processing', 'succeed']);
  });

  it('reports a failure once, for a task that fails at once', async () => {
    const { rig, receiver } = await startScene();
    await rig.post(t2v, { prompt: 'throttled-later', callback_url: receiver.url });
    await move(rig, 60_000);
    expect(receiver.got.map(({ body }) => body)).toMatchObject([
      { task_status: 'failed', task_status_msg: 'parallel task over resource pack limit' },
    ]);
  });

  it('has a signature of each secret, as the vendor’s test vector wants it', async () => {
    const body =
      '{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}';
    expect(webhookHeaders(SECRET, { id: '9876543210', atMs: 1_781_080_794_999, body })).toEqual({
      'webhook-id': '9876543210',
      'webhook-timestamp': '1781080794',
      'webhook-signature': 'v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=',
    });
    const { rig, receiver, create } = await startScene({ secret: `${SECRET} whsec_b3RoZXI=` });
    await create();
    await move(rig, 100);
    const [sent] = receiver.got;
    const id = String(sent?.headers['webhook-id']);
    const expected = webhookHeaders(SECRET, { id, atMs: rig.clock.now(), body: sent?.text ?? '' });
    expect(sent?.headers['webhook-timestamp']).toBe(expected['webhook-timestamp']);
    expect(String(sent?.headers['webhook-signature'])).toMatch(/^v1,\S+ v1,\S+$/);
    expect(String(sent?.headers['webhook-signature']).split(' ')[0]).toBe(expected['webhook-signature']);
  });

  it('that nobody takes is tried once, or as often as it is ordered', async () => {
    const { rig, receiver, create } = await startScene();
    receiver.answers.push(503);
    await create();
    await move(rig, 100);
    await move(rig, 600);
    expect(rig.emulator.callbacks()).toMatchObject([{ answer: 503 }]);
    rig.emulator.setCallbacks({ retryMs: [1000, 5000] });
    receiver.answers.push(500, 404);
    await create();
    await move(rig, 100);
    const id = rig.emulator.callbacks().at(-1)?.id;
    await move(rig, 20_000);
    await move(rig, 20_000);
    const tries = rig.emulator.callbacks().filter((sent) => sent.id === id);
    expect(tries.map((sent) => sent.answer)).toEqual([500, 404, 200]);
  });

  it('to a port where nobody listens has a reason for its answer', async () => {
    const { rig } = await startScene();
    for (const url of ['http://127.0.0.1:9/c', 'no address', 'ftp://127.0.0.1/', 'https://app.test/c'])
      await rig.post(t2v, { prompt: url, callback_url: url });
    await move(rig, 100);
    const answers = rig.emulator.callbacks().map((sent) => sent.answer);
    const notSent = 'not sent: its host is neither this machine nor one of `hosts`';
    expect(answers.toSorted()).toEqual(['ECONNREFUSED', 'not an address', 'not an address', notSent]);
  });
});

describe('the settings of callbacks', () => {
  it('lose them: they are listed and not sent', async () => {
    const { rig, receiver, create } = await startScene({ loseShare: 1 });
    await create();
    await move(rig, 60_000);
    expect(receiver.got).toEqual([]);
    expect(rig.emulator.callbacks().map((sent) => sent.answer)).toEqual(['lost', 'lost', 'lost']);
  });

  it('double them with one id, and reorder all but the last', async () => {
    const { rig, receiver, create } = await startScene({ doubleShare: 1, secret: SECRET });
    await create();
    await move(rig, 60_000);
    expect(statuses(receiver)).toEqual([
      'submitted',
      'submitted',
      'processing',
      'processing',
      'succeed',
      'succeed',
    ]);
    expect(new Set(receiver.got.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
    const other = await startScene({ reorderShare: 1 });
    await other.create();
    await move(other.rig, 60_000);
    expect(statuses(other.receiver)).toEqual(['processing', 'submitted', 'succeed']);
  });

  it('send the first one before the create is answered', async () => {
    const { rig, receiver, create } = await startScene({ earlyShare: 1 });
    const id = await create();
    expect(receiver.got.map(({ body }) => body['task_id'])).toEqual([id]);
    await move(rig, 60_000);
    expect(statuses(receiver)).toEqual(['submitted', 'processing', 'succeed']);
    expect(rig.emulator.callbacks().map((sent) => sent.isEarly)).toEqual([true, false, false]);
  });

  it('make them late, within the limit, with the state of their own moment', async () => {
    const { rig, receiver, create } = await startScene({ lateMs: 600_000 });
    for (let i = 0; i < 10; i += 1) await create();
    await move(rig, 60_000);
    expect(receiver.got.length).toBeGreaterThan(0);
    expect(receiver.got.length).toBeLessThan(30);
    await move(rig, 600_000);
    expect(statuses(receiver).filter((status) => status === 'submitted')).toHaveLength(10);
    expect(receiver.got).toHaveLength(30);
    expect(statuses(receiver)).not.toEqual(statuses(receiver).toSorted());
  });

  it('draw the same for one seed, and about as many as their share', async () => {
    const lost = async (seed: number) => {
      const { rig, create } = await startScene({ loseShare: 0.3, seed });
      for (let i = 0; i < 30; i += 1) await create();
      await move(rig, 60_000);
      return rig.emulator.callbacks().map((sent) => sent.answer);
    };
    const [one, same, other] = [await lost(7), await lost(7), await lost(8)];
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    const count = one.filter((answer) => answer === 'lost').length;
    expect(count).toBeGreaterThan(10);
    expect(count).toBeLessThan(50);
  });

  it('are set and shown over HTTP, and refused with a sentence', async () => {
    const { rig, create, receiver } = await startScene();
    const set = (body: object) => rig.post('/_emulator/callbacks', body);
    expect((await set({ loseShare: 1, secret: SECRET })).status).toBe(200);
    await create();
    await move(rig, 100);
    const shown = JSON.parse((await rig.get('/_emulator/callbacks')).text) as unknown;
    expect(shown).toMatchObject({
      settings: { loseShare: 1, secret: SECRET, doubleShare: 0 },
      callbacks: [{ status: 'submitted', answer: 'lost', url: `${receiver.url}/c` }],
    });
    for (const [body, message] of [
      [{ loseShare: 2 }, 'loseShare must be a number from 0 to 1'],
      [{ lateMs: -1 }, 'lateMs must be'],
      [{ retryMs: 5 }, 'retryMs must be a list'],
      [{ secret: 5 }, 'secret must be a string'],
      [{ lost: 1 }, 'lost is none of secret, loseShare'],
    ] as const)
      expect(await set(body)).toMatchObject({ status: 400, text: expect.stringContaining(message) });
    expect(await rig.get('/_emulator/callbacks')).toMatchObject({
      text: expect.stringContaining('"loseShare":1,'),
    });
  });
});

describe('a forged callback', () => {
  it('goes to the address of a task, claims an end, a cost and a result, and changes nothing', async () => {
    const { rig, receiver, create } = await startScene({ secret: SECRET });
    const id = await create();
    const before = (await rig.get(`${t2v}/${id}`)).data;
    const answer = await rig.post('/_emulator/callbacks/forge', { taskId: id, status: 'succeed' });
    expect(JSON.parse(answer.text)).toMatchObject({ taskId: id, isForged: true, answer: 200 });
    expect(receiver.got.at(-1)?.body).toMatchObject({
      task_id: id,
      task_status: 'succeed',
      final_unit_deduction: '0.001',
      task_result: { videos: [{ url: 'https://files.example.net/forged.mp4' }] },
    });
    expect((await rig.get(`${t2v}/${id}`)).data).toEqual(before);
  });

  it('has no, a wrong, a stale or a right signature', async () => {
    const { rig, receiver, create } = await startScene({ secret: SECRET });
    const taskId = await create();
    const verdicts: unknown[] = [];
    for (const signature of ['none', 'wrong', 'stale', 'right'] as const) {
      await rig.emulator.forgeCallback({ taskId, status: 'failed', signature });
      const { headers, text = '' } = receiver.got.at(-1) ?? {};
      const atMs = Number(headers?.['webhook-timestamp']) * 1000;
      const right = webhookHeaders(SECRET, { id: String(headers?.['webhook-id']), atMs, body: text });
      const isRight = headers?.['webhook-signature'] === right['webhook-signature'];
      verdicts.push([headers?.['webhook-signature'] === undefined, isRight, rig.clock.now() - atMs]);
    }
    expect(verdicts).toEqual([
      [true, false, NaN],
      [false, false, 0],
      [false, true, 600_000],
      [false, true, 0],
    ]);
  });

  it('is refused for a task without an address, unless one is given', async () => {
    const { rig, receiver } = await startScene();
    const taskId = textAt((await rig.post(t2v, { prompt: 'a cat' })).data, 'task_id');
    const forge = (body: object) => rig.post('/_emulator/callbacks/forge', body);
    expect(await forge({ taskId, status: 'x' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('has no callback_url'),
    });
    expect(await forge({ taskId: 'no', status: 'x' })).toMatchObject({ status: 400 });
    expect(await forge({ taskId, status: 'x', url: receiver.url, body: '{"a":1}' })).toMatchObject({
      status: 200,
    });
    expect(receiver.got[0]?.text).toBe('{"a":1}');
  });
});
