import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { FAULT_KINDS, FILE_FAULTS, ODDITIES, type FaultKind } from '../../src/emulator/fault-kinds.ts';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { get, until } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { whileMoving } from '../money/hand-clock.ts';
import { holdOf, holdsOf, untilHold, type HoldView } from './holds.ts';
import { startProxy } from './proxy-app.ts';
import { answerText, startRawUpstream } from '../upstream/raw-upstream.ts';
import type { RawAnswer } from './raw-answer.ts';
import { expectRefusal } from './refused.ts';
import { UNCLEAR } from './unclear-answers.ts';
import { CREATE_BODY, createText, exchange, requestText, Wire } from './wire.ts';

/**
 * Everything runs at once on a clock moved by hand: the slowest caller waits out its deadline. Without a breaker: so many faults open it
 * in some orders, and an open one sends no create again.
 */
const DEADLINE_MS = 24_000;
const TIMEOUT_MS = 1_500;

const clock = createManualClock(Date.now());
let started: StartedApp;
beforeAll(async () => {
  started = await startProxy(
    { tasks: { poll: true, pollIntervalMs: 300 }, upstream: { timeoutMs: TIMEOUT_MS }, breaker: null },
    { clock },
  );
});
afterAll(() => started.stop());

interface Case {
  name: string;
  fault: FaultOrder;
  /** Kling's status; `ours` if no whole answer came. In doubt, the caller gets 424/9052 that names it. */
  status: number | 'ours';
  /** The state of the hold after the caller's answer, and its end afterwards. */
  ends: Partial<HoldView>;
  /** Units in the emulator's book for this create. */
  charged: number;
  /** How often it is sent; 1 by default. */
  posts?: number;
}

const SETTLED = { state: 'settled', inDoubt: false } as const;
const RELEASED = { state: 'released', inDoubt: false } as const;
const IN_DOUBT = { state: 'held', inDoubt: true, taskId: null } as const;
const made = (kind: FaultKind, more: Partial<FaultOrder> = {}): Case => {
  return { name: kind, fault: { kind, ...more }, status: 200, ends: SETTLED, charged: 1 };
};
const lost = (kind: FaultKind, status: number | 'ours', more: Partial<FaultOrder> = {}): Case => {
  return {
    name: `${kind} ${more.code ?? more.status ?? ''}`,
    fault: { kind, ...more },
    status,
    ends: IN_DOUBT,
    charged: 0,
  };
};
/** Nothing was made, and it is sent again. */
const sentAgain = (kind: FaultKind, code: number, more: Partial<FaultOrder> = {}): Case => {
  return { ...made(kind, { code, ...more }), name: `${kind} ${code}`, posts: 2 };
};
const refused = (code: number, status: number, kind: FaultKind = 'code'): Case => {
  return { name: `${kind} ${code}`, fault: { kind, code }, status, ends: RELEASED, charged: 0 };
};

const CASES: readonly Case[] = [
  // Answered in full: no doubt at all.
  made('latency', { ms: 300 }),
  made('drip', { intervalMs: 2 }),
  made('informational'),
  made('connection_close_after'),
  made('result_bytes', { bytes: 1000 }),
  {
    ...made('charge_units', { units: 2 }),
    ends: { ...SETTLED, settledCredits: 20 } as Partial<HoldView>,
    charged: 2,
  },
  { ...made('fail_task'), ends: RELEASED, charged: 0 },
  { ...made('throttled_task'), ends: RELEASED, charged: 0 },
  { ...made('stuck_task'), ends: { state: 'held', inDoubt: false } },
  // Made, but the answer was lost: found by the look-up, and the caller gets its task.
  made('reset_after_charge'),
  made('no_answer_after_charge'),
  made('5xx_after_charge'),
  { ...made('5xx_after_charge', { code: 5002 }), name: '5xx_after_charge 5002' },
  made('late_task', { ms: 3_000 }),
  made('html_after_charge'),
  { ...made('html_after_charge', { status: 200 }), name: 'html_after_charge 200' },
  made('truncate'),
  made('truncate_chunked'),
  made('missing_task_id'),
  made('wrong_external_id'),
  made('pad_answer', { bytes: 1_100_000 }),
  // Nothing was made and nobody knows it: in doubt, and the answer names Kling's own status too.
  lost('reset_before_charge', 'ours'),
  lost('no_answer_before_charge', 'ours'),
  lost('code', 504, { code: 5002 }),
  lost('http', 502),
  lost('http', 503, { status: 503 }),
  lost('http', 429, { status: 429 }),
  lost('html_200', 200),
  lost('redirect', 307),
  lost('redirect', 302, { status: 302 }),
  // Nothing was made: sent again, at once or after two look-ups.
  sentAgain('retry_after', 1302),
  sentAgain('code', 5000),
  sentAgain('code', 5001),
  sentAgain('code_nonzero_200', 5000),
  // Refused by Kling's own word: released at once, or after two look-ups.
  ...[1000, 1001, 1002].map((code) => refused(code, 401)),
  ...[1200, 1201, 1300, 1301].map((code) => refused(code, 400)),
  refused(1202, 404),
  refused(1203, 404),
  { ...refused(6666, 400), fault: { kind: 'code', code: 6666, status: 400 } },
  refused(1301, 200, 'code_nonzero_200'),
];

const NO_TASKS = answerText('{"code":0,"message":"ok","request_id":"q","data":[]}');
const idOf = (answer: RawAnswer): string => answer.header('x-kling-external-task-id') ?? '';

interface Run {
  answer: RawAnswer;
  id: string;
  posts: number;
}

async function run({ fault }: Case, index: number): Promise<Run> {
  const { dataUrl, emulator } = started;
  const mark = `case-${index}-`;
  emulator.addFault({ ...fault, match: { method: 'POST', bodyIncludes: mark } });
  const body = `{"model_name":"kling-v1","prompt":"${mark}","duration":"5","mode":"std"}`;
  const headers = [`X-Kling-Timeout-Ms: ${DEADLINE_MS}`];
  const answer = await exchange(dataUrl, createText(dataUrl, { body, headers }));
  const posts = emulator.requests().filter((sent) => sent.method === 'POST' && sent.body.includes(mark));
  return { answer, id: idOf(answer), posts: posts.length };
}

function expectAnswer(
  { name, status, isInDoubt }: Pick<Case, 'name' | 'status'> & { isInDoubt: boolean },
  { answer, id }: Pick<Run, 'answer' | 'id'>,
): void {
  const about = `${name}: ${answer.status} ${answer.body.toString().slice(0, 200)}`;
  expect(id, about).toMatch(/^ks_[0-9a-z]{26}$/);
  if (isInDoubt) {
    expectRefusal(answer, 'outcome_unknown', 424, about);
    expect(answer.json.data, about).toMatchObject({ sent: 'unknown', externalTaskId: id });
    const said = answer.json.data['upstream'] as { status: number } | undefined;
    expect(said?.status ?? 'ours', about).toBe(status);
    return;
  }
  expect(answer.status, about).toBe(status);
  expect(answer.header('x-kling-sidecar'), about).toBeNull();
  expect(answer.header('location'), about).toBeNull();
}

async function expectNothingHeld(app: StartedApp, answer: RawAnswer): Promise<void> {
  expect(answer.json.data).toMatchObject({ sent: 'no' });
  const holds = await holdsOf(app);
  expect(holds).toHaveLength(1);
  expect(holds[0]).toMatchObject(RELEASED);
  const { json } = await get(`${app.controlUrl}/v1/budgets`);
  expect(json as unknown).toMatchObject({ budgets: [{ heldCredits: 0, settledCredits: 0 }] });
}

describe('a create that meets a fault', () => {
  it.concurrent(
    'is posted again only if nothing was made, answered honestly, and its hold ends only as Kling says',
    async () => {
      const kinds = new Set(CASES.map(({ fault }) => fault.kind));
      const elsewhere = ['clock_skew', 'refuse_external_id', ...Object.keys({ ...FILE_FAULTS, ...ODDITIES })];
      expect([...kinds, ...elsewhere].sort()).toEqual(Object.keys(FAULT_KINDS).sort());
      const all = Promise.all(
        CASES.map(async (one, index) => {
          const result = await run(one, index);
          expectAnswer({ ...one, isInDoubt: one.ends === IN_DOUBT }, result);
          expect(result.posts, one.name).toBe(one.posts ?? 1);
          const isMade = one.status === 200 && one.charged > 0;
          const hold = await untilHold(started, result.id, one.ends);
          if (isMade) expect(result.answer.json.data['task_id'], one.name).toBe(hold.taskId);
          const charges = started.emulator.book().charges.filter((charge) => charge.taskId === hold.taskId);
          expect(
            charges.reduce((sum, { units }) => sum + units, 0),
            one.name,
          ).toBe(one.fault.kind === 'stuck_task' ? charges[0]?.units : one.charged);
          expect(charges.length, one.name).toBe(one.charged > 0 ? 1 : 0);
        }),
      );
      await whileMoving(clock, all, 50);
    },
  );

  it.concurrent('is in doubt, and answered with outcome_unknown, where an answer says nothing', async () => {
    const byMark = new Map(UNCLEAR.map((one, index) => [`case-${index}-`, one]));
    const upstream = await startRawUpstream((socket, request) => {
      if (request.method === 'GET') {
        socket.write(NO_TASKS);
        return;
      }
      const mark = /case-\d+-/.exec(request.body.toString('latin1'))?.[0] ?? '';
      const [, bytes = '', ends] = byMark.get(mark) ?? [];
      socket.write(Buffer.from(bytes, 'latin1'), () => ends && socket.end());
    });
    const other = createManualClock(Date.now());
    const app = await startProxy(
      { upstream: { timeoutMs: TIMEOUT_MS }, breaker: null },
      { baseUrl: upstream.url, clock: other },
    );
    const all = Promise.all(
      UNCLEAR.map(async ([name, , , status], index) => {
        const body = CREATE_BODY.replace('a paper boat', `case-${index}-`);
        const headers = [`X-Kling-Timeout-Ms: ${DEADLINE_MS}`];
        const answer = await exchange(app.dataUrl, createText(app.dataUrl, { body, headers }));
        const id = idOf(answer);
        expectAnswer({ name, status, isInDoubt: true }, { answer, id });
        expect(answer.json.message, name).toContain(id);
        expect(await untilHold(app, id, { inDoubt: true }), name).toMatchObject({
          ...IN_DOUBT,
          credits: 10,
        });
        return answer;
      }),
    );
    const answers = await whileMoving(other, all, 50);
    // One of them is Kling's own 5000: only that create is sent again, after two look-ups.
    expect(upstream.requests.filter(({ method }) => method === 'POST')).toHaveLength(UNCLEAR.length + 1);
    const asked = upstream.requests.map(({ method, target }) => (method === 'GET' ? target : '')).join(' ');
    for (const answer of answers) expect(asked).toContain(idOf(answer));
    const { json } = await get(`${app.controlUrl}/v1/status`);
    expect(json as unknown).toMatchObject({ inDoubtHolds: UNCLEAR.length });
    const metrics = await (await fetch(`${app.controlUrl}/metrics`)).text();
    expect(metrics).not.toMatch(/^kling_credits_total\{.*state="refused".*\} [1-9]/m);
    await app.stop();
    await upstream.stop();
  });

  it.concurrent('is released, and its answer says so, if there was no listener', async () => {
    const own = createManualClock(Date.now());
    const app = await startProxy({}, { clock: own });
    await app.emulator.stop();
    const answer = await whileMoving(own, exchange(app.dataUrl, createText(app.dataUrl)));
    expectRefusal(answer, 'upstream_unreachable', 502);
    await expectNothingHeld(app, answer);
    await app.stop();
  });

  it.concurrent('is released, and its answer says so, if no connection was free in time', async () => {
    const own = createManualClock(Date.now());
    const app = await startProxy({ upstream: { connections: 1, timeoutMs: 600_000 } }, { clock: own });
    const match = { bodyIncludes: 'hanging' };
    app.emulator.addFault({ kind: 'no_answer_before_charge', match });
    const hanging = await Wire.open(app.dataUrl);
    hanging.send(createText(app.dataUrl, { body: CREATE_BODY.replace('"prompt":"', '"prompt":"hanging ') }));
    await until('a create holds the only connection', () => app.emulator.requests().length === 2);
    const headers = ['X-Kling-Timeout-Ms: 9000'];
    const create = exchange(app.dataUrl, createText(app.dataUrl, { headers }));
    await until('the other create is held', async () => (await holdsOf(app)).length === 2);
    await own.advance(9_001);
    const answer = await create;
    expectRefusal(answer, 'upstream_timeout', 504);
    expect(answer.json.message).toContain('all 1 connections to Kling were busy until the deadline');
    expect(answer.json.data).toMatchObject({ sent: 'no' });
    expect((await holdsOf(app)).filter(({ state }) => state === 'released')).toHaveLength(1);
    const { json } = await get(`${app.controlUrl}/v1/calls?limit=1`);
    expect(json).toMatchObject({
      calls: [{ status: null, errorClass: 'no_connection', outcome: 'aborted' }],
    });
    expect(app.emulator.requests().filter(({ method }) => method === 'POST')).toHaveLength(1);
    await own.advance(17_000);
    expectRefusal(await hanging.answer(), 'outcome_unknown');
    hanging.close();
    await app.stop();
  });

  it.concurrent('gets the kept answer again, or must wait, if it is repeated', async () => {
    const own = createManualClock(Date.now());
    const app = await startProxy({ creates: { resend: 'never' } }, { clock: own });
    const { dataUrl, emulator } = app;
    const send = (text: string): Promise<RawAnswer> => whileMoving(own, exchange(dataUrl, text), 50);
    const text = (key: string, mark: string): string =>
      createText(dataUrl, {
        headers: [`Idempotency-Key: ${key}`, `X-Kling-Timeout-Ms: ${DEADLINE_MS}`],
        body: `{"model_name":"kling-v1","prompt":"${mark}"}`,
      });
    emulator.addFault({ kind: 'reset_after_charge', match: { bodyIncludes: 'again-1' } });
    emulator.addFault({ kind: 'code', code: 1301, match: { bodyIncludes: 'again-2' } });
    emulator.addFault({ kind: 'code', code: 1302, match: { bodyIncludes: 'again-3' } });
    const [first, second] = await Promise.all([send(text('k1', 'again-1')), send(text('k1', 'again-1'))]);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(first.json.data['task_id']).toBe(second.json.data['task_id']);
    for (const [key, mark, kept] of [
      ['k2', 'again-2', true],
      ['k3', 'again-3', false],
    ] as const) {
      const refusal = await send(text(key, mark));
      const repeat = await send(text(key, mark));
      expect(refusal.status, mark).toBe(kept ? 400 : 429);
      expect(repeat.status, mark).toBe(kept ? 400 : 200);
    }
    expectRefusal(await send(text('k1', 'another body')), 'idempotency_mismatch', 422);
    const posted = emulator.requests().map(({ body }) => /again-\d/.exec(body.toString())?.[0]);
    const marks = posted.filter((mark) => mark !== undefined);
    expect(marks.sort()).toEqual(['again-1', 'again-2', 'again-3', 'again-3']);
    await app.stop();
  });
});

describe('a route on which Kling refuses the external task id', () => {
  it('gets the original bytes once more, and no id from then on', async () => {
    const app = await startProxy();
    const { dataUrl, emulator } = app;
    emulator.addFault({
      kind: 'refuse_external_id',
      times: 'always',
      match: { path: '/v1/images/generations' },
    });
    const body = '{ "model_name":"kling-v3","prompt":"a"}';
    const text = createText(dataUrl, { path: '/v1/images/generations', body });
    for (const posts of [2, 1]) {
      const before = emulator.requests().length;
      const answer = await exchange(dataUrl, text);
      expect(answer.status).toBe(200);
      expect(answer.header('x-kling-external-task-id')).toBeNull();
      const sent = emulator.requests().slice(before);
      expect(sent).toHaveLength(posts);
      expect(sent.at(-1)?.body.toString()).toBe(body);
    }
    expect((await exchange(dataUrl, createText(dataUrl))).header('x-kling-external-task-id')).toMatch(/^ks_/);
    expect(emulator.book().charges).toHaveLength(3);
    expect((await holdsOf(app)).map(({ state, inDoubt }) => `${state} ${inDoubt}`)).toEqual(
      Array(3).fill('held false'),
    );
    await app.stop();
  });
});

describe('a clock that differs', () => {
  it('stops creates before they are held, until it agrees again', async () => {
    const app = await startProxy();
    const { dataUrl, emulator } = app;
    emulator.addFault({ kind: 'clock_skew', ms: 600_000, times: 'always', match: { method: 'GET' } });
    await exchange(dataUrl, requestText(dataUrl, 'GET /tasks?task_ids=1'));
    expectRefusal(await exchange(dataUrl, createText(dataUrl)), 'clock_untrusted', 503);
    expect(emulator.requests().filter(({ method }) => method === 'POST')).toEqual([]);
    expect(await holdsOf(app)).toEqual([]);
    emulator.clearFaults();
    // A single answer is not enough, neither for a difference nor against one.
    for (let i = 0; i < 2; i += 1) await exchange(dataUrl, requestText(dataUrl, 'GET /tasks?task_ids=1'));
    expect((await exchange(dataUrl, createText(dataUrl))).status).toBe(200);
    await app.stop();
  });
});

describe('an account that Kling refuses', () => {
  it('is not asked again at once for creates of the refusal’s scope', async () => {
    const app = await startProxy();
    const { dataUrl, emulator } = app;
    const asking = (path: string, model: string): string =>
      createText(dataUrl, { path, body: `{"model_name":"${model}","prompt":"a"}` });
    const video = asking('/v1/videos/text2video', 'kling-v1');
    const otherVideo = asking('/v1/videos/text2video', 'kling-v1-6');
    const image = asking('/v1/images/generations', 'kling-v3');
    const refusals = [
      { code: 1103, status: 403, asked: video, again: [video], others: [otherVideo, image] },
      { code: 1102, status: 429, asked: image, again: [image], others: [otherVideo] },
      { code: 1304, status: 429, asked: otherVideo, again: [otherVideo, video, image], others: [] },
    ];
    for (const { code, status, asked, again, others } of refusals) {
      emulator.addFault({ kind: 'code', code, match: { method: 'POST', path: '/v1/' } });
      const first = await exchange(dataUrl, asked);
      expect(`${first.status} ${first.json.code}`).toBe(`${status} ${code}`);
      expect(await holdOf(app, idOf(first))).toMatchObject(RELEASED);
      const before = emulator.requests().length;
      for (const text of again) {
        const second = await exchange(dataUrl, text);
        expectRefusal(second, 'account_refused', 403, String(code));
      }
      expect(emulator.requests().length).toBe(before);
      for (const other of others) expect((await exchange(dataUrl, other)).status, String(code)).toBe(200);
    }
    await app.stop();
  });
});
