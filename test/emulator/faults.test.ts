import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  FAULT_KINDS,
  FILE_FAULTS,
  type FaultKind,
  type FileFaultKind,
} from '../../src/emulator/fault-kinds.ts';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { at, finishedTask, START, startRig, textAt, until, type Rig } from './client.ts';

const t2v = '/v1/videos/text2video';
const p = { prompt: 'a cat', external_task_id: 'mine' };

interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  hints: number;
  /** The error code of the connection, if the answer was incomplete. */
  broken: string | null;
}

/** Posts over a connection of its own (or the agent's) and reports how the answer ended. */
function rawPost(rig: Rig, body: unknown, agent = new Agent({ keepAlive: true })): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const seen: RawAnswer = { status: 0, headers: {}, text: '', hints: 0, broken: null };
    const end = (broken: string | null) => resolve({ ...seen, broken });
    const headers = { authorization: 'Bearer emulator-key', 'content-type': 'application/json' };
    const sent = request(`${rig.url}${t2v}`, { method: 'POST', headers, agent }, (response) => {
      seen.status = response.statusCode ?? 0;
      seen.headers = response.headers;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (seen.text += chunk));
      response.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'));
      response.on('end', () => end(null));
    });
    sent.on('information', () => (seen.hints += 1));
    sent.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'));
    sent.end(JSON.stringify(body));
  });
}

/** What each fault does to one create: what the caller sees, and whether the book has the charge. */
type Expected = { charged: boolean; see: (rig: Rig) => Promise<void> };
const sees = (expected: object) => async (rig: Rig) => expect(await rawPost(rig, p)).toMatchObject(expected);
const code = (value: number) => expect.stringContaining(`"code":${value},`);

const ONE_CREATE: Record<
  Exclude<
    FaultKind,
    'latency' | 'drip' | 'no_answer_before_charge' | 'no_answer_after_charge' | FileFaultKind
  >,
  Expected
> = {
  code: { charged: false, see: sees({ status: 500, text: code(5000), broken: null }) },
  http: { charged: false, see: sees({ status: 502, text: expect.stringContaining('<html>') }) },
  html_200: { charged: false, see: sees({ status: 200, text: expect.stringContaining('<html>') }) },
  code_nonzero_200: { charged: false, see: sees({ status: 200, text: code(5000) }) },
  redirect: {
    charged: false,
    see: sees({ status: 307, headers: { location: 'http://127.0.0.1:9/elsewhere' } }),
  },
  retry_after: {
    charged: false,
    see: sees({ status: 429, headers: { 'retry-after': '1' }, text: code(1302) }),
  },
  refuse_external_id: { charged: false, see: sees({ status: 400, text: code(1201) }) },
  reset_before_charge: { charged: false, see: sees({ status: 0, broken: 'ECONNRESET' }) },
  reset_after_charge: { charged: true, see: sees({ status: 0, broken: 'ECONNRESET' }) },
  '5xx_after_charge': { charged: true, see: sees({ status: 500, text: code(5000) }) },
  late_task: { charged: false, see: sees({ status: 503, text: code(5001) }) },
  html_after_charge: { charged: true, see: sees({ status: 502, text: expect.stringContaining('<html>') }) },
  truncate: { charged: true, see: sees({ status: 200, broken: 'ECONNRESET' }) },
  truncate_chunked: {
    charged: true,
    see: sees({ status: 200, headers: { 'transfer-encoding': 'chunked' }, broken: 'ECONNRESET' }),
  },
  missing_task_id: {
    charged: true,
    see: async (rig) => {
      const { text } = await rawPost(rig, p);
      expect(text).toContain('"code":0');
      expect(text).not.toContain('task_id":"1');
    },
  },
  wrong_external_id: {
    charged: true,
    see: sees({ status: 200, text: expect.stringContaining('somebody-elses') }),
  },
  pad_answer: {
    charged: true,
    see: async (rig) => expect((await rawPost(rig, p)).text.length).toBeGreaterThan(1_048_576),
  },
  connection_close_after: {
    charged: true,
    see: sees({ status: 200, headers: { connection: 'keep-alive' } }),
  },
  informational: { charged: true, see: sees({ status: 200, hints: 1 }) },
  clock_skew: {
    charged: true,
    see: sees({ status: 200, headers: { date: new Date(START + 600_000).toUTCString() } }),
  },
  fail_task: { charged: false, see: sees({ status: 200, text: code(0) }) },
  throttled_task: { charged: false, see: sees({ status: 200, text: code(0) }) },
  stuck_task: { charged: true, see: sees({ status: 200, text: code(0) }) },
  charge_units: { charged: false, see: sees({ status: 200, text: code(0) }) },
  no_deduction: { charged: true, see: sees({ status: 200, text: code(0) }) },
  no_addresses: { charged: true, see: sees({ status: 200, text: code(0) }) },
  contradiction: { charged: true, see: sees({ status: 200, text: code(0) }) },
  older_update: { charged: true, see: sees({ status: 200, text: code(0) }) },
  result_bytes: { charged: true, see: sees({ status: 200, text: code(0) }) },
};

describe('a fault on order', () => {
  it.each(Object.entries(ONE_CREATE))(
    '%s does what its line says to one create and no more',
    async (kind, expected) => {
      const rig = await startRig();
      rig.emulator.addFault({
        kind: kind as FaultKind,
        match: { method: 'post', path: '/v1/videos', bodyIncludes: 'a cat' },
      });
      await expected.see(rig);
      expect(rig.emulator.book().charges).toHaveLength(expected.charged ? 1 : 0);
      expect(rig.emulator.faults()).toMatchObject([{ left: 0, met: 1 }]);
      expect(await rawPost(rig, { prompt: 'a cat' })).toMatchObject({
        status: 200,
        text: code(0),
        broken: null,
        hints: 0,
      });
    },
  );

  it('makes the task findable though its answer was lost, and the same external id taken', async () => {
    for (const kind of ['reset_after_charge', '5xx_after_charge', 'truncate'] as const) {
      const rig = await startRig();
      rig.emulator.addFault({ kind });
      await rawPost(rig, p);
      expect((await rig.get('/tasks?external_task_ids=mine')).data, kind).toMatchObject([
        { external_id: 'mine' },
      ]);
      expect(await rig.post(t2v, p), kind).toMatchObject({ status: 400, code: 1201 });
    }
  });

  it('no_answer leaves the caller waiting, having charged or not, until the emulator stops', async () => {
    for (const [kind, charges] of [
      ['no_answer_after_charge', 1],
      ['no_answer_before_charge', 0],
    ] as const) {
      const rig = await startRig();
      rig.emulator.addFault({ kind });
      const answer = rawPost(rig, p);
      await until(() => rig.emulator.faults()[0]?.met === 1);
      expect((await rig.get('/_emulator/book')).text).toContain(
        charges === 1 ? '"totalUnits":1' : '"totalUnits":0',
      );
      await rig.emulator.stop();
      expect(await answer, kind).toMatchObject({ status: 0, broken: 'ECONNRESET' });
    }
  });

  it('latency and drip run on the clock', async () => {
    const rig = await startRig();
    rig.emulator.addFault({ kind: 'latency', ms: 5000 });
    let answered = false;
    const late = rawPost(rig, p).then((answer) => {
      answered = true;
      return answer;
    });
    await until(() => rig.emulator.faults()[0]?.met === 1);
    await rig.clock.advance(4999);
    expect(answered).toBe(false);
    expect(rig.emulator.book().charges).toEqual([]);
    await rig.clock.advance(1);
    expect((await late).headers.date).toBe(new Date(START + 5000).toUTCString());
    rig.emulator.addFault({ kind: 'drip', intervalMs: 10 });
    let dripped = '';
    const drip = rawPost(rig, { prompt: 'b' }).then(({ text }) => (dripped = text));
    await until(async () => {
      await rig.clock.advance(10);
      return dripped !== '';
    });
    expect(await drip).toMatch(/^\{"code":0,.*\}$/);
    expect(rig.clock.now() - START - 5000).toBeGreaterThanOrEqual(dripped.length * 10 - 10);
  });

  it('connection_close_after closes a connection that it promised to keep, long before it is idle', async () => {
    const rig = await startRig();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const closed = new Promise<void>((resolve) => {
      agent.on('free', (socket) => socket.once('close', () => resolve()));
    });
    rig.emulator.addFault({ kind: 'connection_close_after' });
    const answer = await rawPost(rig, p, agent);
    expect(answer).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } });
    await closed;
    agent.destroy();
  });

  it('answers each code of the table with its status', async () => {
    const table = [
      [401, 1000],
      [401, 1001],
      [401, 1002],
      [401, 1003],
      [401, 1004],
      [429, 1100],
      [429, 1101],
      [429, 1102],
      [403, 1103],
      [400, 1200],
      [400, 1201],
      [404, 1202],
      [404, 1203],
      [400, 1300],
      [400, 1301],
      [429, 1302],
      [429, 1303],
      [429, 1304],
      [500, 5000],
      [503, 5001],
      [504, 5002],
      [500, 7777],
    ] as const;
    const rig = await startRig();
    for (const [status, value] of table) {
      rig.emulator.addFault({ kind: 'code', code: value });
      const answer = await rig.post(t2v, p);
      expect(answer, String(value)).toMatchObject({ status, code: value, data: undefined });
      expect(answer.message).not.toBe('');
      expect(answer.requestId).toBeTypeOf('string');
    }
    for (const status of [500, 502, 503, 504]) {
      rig.emulator.addFault({ kind: 'http', status });
      expect(await rig.post(t2v, p)).toMatchObject({
        status,
        text: expect.stringContaining(`<h1>${status} `),
      });
    }
    expect(rig.emulator.book().charges).toEqual([]);
  });

  it('decides the end and the cost of a task', async () => {
    const rig = await startRig();
    rig.emulator.addFault({ kind: 'fail_task', message: 'the model gave up' });
    const failed = await finishedTask(rig, t2v, p);
    expect((await rig.get(`${t2v}/${failed}`)).data).toMatchObject({
      task_status: 'failed',
      task_status_msg: 'the model gave up',
    });
    rig.emulator.addFault({ kind: 'charge_units', units: 9.85 });
    const dear = await finishedTask(rig, t2v, { prompt: 'b' });
    expect(at((await rig.get(`${t2v}/${dear}`)).data, 'final_unit_deduction')).toBe('9.85');
    rig.emulator.addFault({ kind: 'stuck_task' });
    const stuck = await finishedTask(rig, t2v, { prompt: 'c' });
    expect(at((await rig.get(`${t2v}/${stuck}`)).data, 'task_status')).toBe('processing');
    expect(rig.emulator.book().totalUnits).toBe(10.85);
  });

  it('makes the task of a late_task when its time has come, unless it is refused then', async () => {
    const rig = await startRig();
    rig.emulator.addFault({ kind: 'late_task', code: 5002, ms: 20_000 });
    expect(await rig.post(t2v, p)).toMatchObject({ status: 504, code: 5002 });
    await rig.clock.advance(19_999);
    expect(await rig.get('/tasks?external_task_ids=mine')).toMatchObject({ data: [] });
    await rig.clock.advance(1);
    await until(() => rig.emulator.book().charges.length === 1);
    expect((await rig.get('/tasks?external_task_ids=mine')).data).toMatchObject([{ external_id: 'mine' }]);
    rig.emulator.addFault({ kind: 'late_task', ms: 1000 });
    expect(await rig.post(t2v, { ...p, external_task_id: 'second' })).toMatchObject({ code: 5001 });
    expect(await rig.post(t2v, { ...p, external_task_id: 'second' })).toMatchObject({ code: 0 });
    await rig.clock.advance(60_000);
    expect(rig.emulator.book().charges).toHaveLength(2);
  });

  it('fails a throttled_task at once, with the text of 1303, and uses no slot for it', async () => {
    const rig = await startRig({ concurrency: { video: 1 } });
    rig.emulator.addFault({ kind: 'throttled_task' });
    for (const prompt of ['a cat', 'throttled-later']) {
      const { data } = await rig.post(t2v, { prompt });
      expect((await rig.get(`${t2v}/${textAt(data, 'task_id')}`)).data).toMatchObject({
        task_status: 'failed',
        task_status_msg: 'parallel task over resource pack limit',
      });
    }
    expect(await rig.post(t2v, p)).toMatchObject({ code: 0 });
    expect(rig.emulator.book().charges).toHaveLength(1);
  });

  it('retry_after names seconds or a date, of any code', async () => {
    const rig = await startRig();
    rig.emulator.addFault({ kind: 'retry_after', code: 1303, seconds: 7 });
    const seconds = await rig.post(t2v, p);
    expect([seconds.code, seconds.headers.get('retry-after')]).toEqual([1303, '7']);
    rig.emulator.addFault({ kind: 'retry_after', seconds: 7, as: 'date' });
    const date = await rig.post(t2v, p);
    expect(date.headers.get('retry-after')).toBe(new Date(START + 7000).toUTCString());
  });

  it('refuse_external_id meets only creates that have one', async () => {
    const rig = await startRig();
    rig.emulator.addFault({ kind: 'refuse_external_id', times: 'always' });
    expect(await rig.post(t2v, { prompt: 'a' })).toMatchObject({ status: 200 });
    expect(await rig.post(t2v, { prompt: 'a', external_task_id: '' })).toMatchObject({ status: 200 });
    const refused = await rig.post('/text-to-video/kling-3.0', {
      prompt: 'a',
      options: { external_task_id: 'x' },
    });
    expect(refused).toMatchObject({ status: 400, code: 1201 });
    expect(refused.message).toContain('not a supported parameter');
  });

  it('meets downloads as well as calls', async () => {
    const rig = await startRig();
    const id = await finishedTask(rig, t2v, p);
    const url = textAt((await rig.get(`${t2v}/${id}`)).data, 'task_result', 'videos', 0, 'url');
    rig.emulator.addFault({ kind: 'truncate', match: { path: '/files/' } });
    await expect(fetch(url).then((response) => response.arrayBuffer())).rejects.toThrow();
    expect((await fetch(url)).status).toBe(200);
  });
});

describe('ordering faults over HTTP', () => {
  it('adds, lists with the number of uses, and clears', async () => {
    const rig = await startRig();
    const order: FaultOrder = { kind: 'code', code: 1303, times: 2, match: { method: 'POST', path: t2v } };
    expect(JSON.parse((await rig.post('/_emulator/faults', order)).text)).toMatchObject({
      id: 'fault-1',
      left: 2,
      met: 0,
    });
    await rig.post('/_emulator/faults', { kind: 'http', times: 'always', match: { path: '/tasks' } });
    expect(await rig.get(t2v)).toMatchObject({ status: 200 });
    expect([
      (await rig.post(t2v, p)).code,
      (await rig.post(t2v, p)).code,
      (await rig.post(t2v, p)).code,
    ]).toEqual([1303, 1303, 0]);
    for (let i = 0; i < 3; i += 1) expect(await rig.get('/tasks?task_ids=1')).toMatchObject({ status: 502 });
    expect(JSON.parse((await rig.get('/_emulator/faults')).text)).toMatchObject({
      faults: [
        { kind: 'code', left: 0, met: 2 },
        { kind: 'http', left: 'always', met: 3 },
      ],
    });
    await rig.send('DELETE', '/_emulator/faults');
    expect(await rig.get('/tasks?task_ids=1')).toMatchObject({ status: 200 });
  });

  it('refuses an order it does not understand, naming what is wrong', async () => {
    const rig = await startRig();
    const wrong: [unknown, RegExp][] = [
      [{ kind: 'nonsense' }, /kind "nonsense" is none of latency, /],
      [{}, /kind/],
      [{ kind: 'code', times: 0 }, /times/],
      [{ kind: 'code', code: '1303' }, /code must be a number/],
      [{ kind: 'code', match: { path: 5 } }, /match\.path/],
      [{ kind: 'code', match: [] }, /match must be an object/],
      [{ kind: 'retry_after', as: 'minutes' }, /as must be one of seconds, date/],
      ['x', /object/],
    ];
    for (const [order, message] of wrong) {
      const answer = await rig.post('/_emulator/faults', order);
      expect(answer.status, JSON.stringify(order)).toBe(400);
      expect(textAt(JSON.parse(answer.text), 'error')).toMatch(message);
    }
    expect(rig.emulator.faults()).toEqual([]);
    expect(await rig.get('/_emulator/nothing')).toMatchObject({ status: 404 });
  });

  it('lists the requests that arrived, and never its own', async () => {
    const rig = await startRig();
    await rig.post(t2v, p);
    rig.emulator.addFault({ kind: 'reset_before_charge' });
    await rawPost(rig, p);
    await rig.post('/_emulator/clock', { advanceMs: 1 });
    const body = Buffer.byteLength(JSON.stringify(p));
    expect(JSON.parse((await rig.get('/_emulator/requests')).text)).toEqual({
      requests: [1, 2].map(() => ({ method: 'POST', path: t2v, at: START, bytes: body })),
    });
  });
});

/** Lets the event loop turn until a condition holds. */

it('every kind of fault is tested here, and those of downloads in their own file', () => {
  const elsewhere = ['latency', 'drip', 'no_answer_before_charge', 'no_answer_after_charge'];
  expect([...Object.keys(ONE_CREATE), ...elsewhere].toSorted()).toEqual(
    Object.keys(FAULT_KINDS)
      .filter((kind) => !Object.hasOwn(FILE_FAULTS, kind))
      .toSorted(),
  );
});
