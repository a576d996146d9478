import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { advanceBy, advanceUntil, whileMoving } from '../money/hand-clock.ts';
import { freePort } from '../cli/free-port.ts';
import { holdsOf } from './holds.ts';
import { startProxy } from './proxy-app.ts';

const PATH = '/v1/videos/text2video';

let clock: ManualClock;
let started: StartedApp;
afterEach(() => started.stop());

async function start(
  config: Parameters<typeof startProxy>[0] = {},
  emulator: { port?: number } = {},
): Promise<void> {
  clock = createManualClock(Date.now());
  started = await startProxy(config, { clock, emulator });
}

const fault = (order: FaultOrder): unknown =>
  started.emulator.addFault({ match: { method: 'POST', path: PATH }, ...order });
const create = (headers: Record<string, string> = {}, prompt = 'a paper boat') =>
  whileMoving(clock, post(started.dataUrl + PATH, textToVideo({ prompt }), headers), 125);
const posts = () =>
  started.emulator.requests().filter(({ method, path }) => method === 'POST' && path === PATH);
const idsSent = () =>
  posts().map(({ body }) => (JSON.parse(String(body)) as Record<string, unknown>)['external_task_id']);

interface CallView {
  attempt: number;
  status: number | null;
  code: number | null;
  method: string;
  route: string;
  errorClass: string | null;
  taskId: string | null;
}

/** The attempts of creates, the first one first. */
async function attempts(): Promise<CallView[]> {
  const { json } = await get(`${started.controlUrl}/v1/calls?limit=100`);
  const { calls } = json as unknown as { calls: CallView[] };
  // Two attempts may be of the same instant.
  const own = calls.filter(({ method, route }) => method === 'POST' && route === PATH);
  return own.toSorted((one, other) => one.attempt - other.attempt);
}

async function expectOneTask(): Promise<void> {
  const holds = await holdsOf(started);
  expect(holds).toHaveLength(1);
  expect(holds[0]).toMatchObject({ inDoubt: false, taskId: expect.any(String) as string });
  expect(started.emulator.book().charges.map(({ taskId }) => taskId)).toEqual([holds[0]?.taskId]);
}

describe('a create that Kling refuses with 1302 or 1303', () => {
  it('is sent again under the same hold, each attempt journalled with its number', async () => {
    await start();
    fault({ kind: 'code', code: 1303 });
    fault({ kind: 'code', code: 1302 });
    const answer = await create();
    expect(answer.status).toBe(200);
    expect(new Set(idsSent()).size).toBe(1);
    expect(await attempts()).toMatchObject([
      { attempt: 1, status: 429, code: 1303, taskId: null },
      { attempt: 2, status: 429, code: 1302, taskId: null },
      { attempt: 3, status: 200, code: 0, taskId: answer.json.data['task_id'] },
    ]);
    await expectOneTask();
  });

  it('gets Kling’s refusal after the third one in ten seconds, since its pool pauses then, and holds nothing', async () => {
    await start();
    fault({ kind: 'code', code: 1303, times: 'always' });
    const answer = await create();
    expect(answer).toMatchObject({ status: 429, json: { code: 1303 } });
    expect(answer.headers['x-kling-sidecar']).toBeUndefined();
    expect((await attempts()).map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(await holdsOf(started)).toMatchObject([{ state: 'released', inDoubt: false }]);
  });

  it('waits as long as Retry-After says, and does not wait past its deadline', async () => {
    await start();
    fault({ kind: 'retry_after', code: 1302, seconds: 12 });
    const from = clock.monotonic();
    expect((await create()).status).toBe(200);
    expect(clock.monotonic() - from).toBeGreaterThanOrEqual(12_000);
    await advanceBy(clock, 12_000);
    fault({ kind: 'retry_after', code: 1302, seconds: 18 });
    const later = clock.monotonic();
    expect(await create()).toMatchObject({
      status: 429,
      headers: { 'retry-after': '18' },
      json: { code: 1302 },
    });
    expect(clock.monotonic() - later).toBeLessThan(5_000);
  });

  it('is not sent again after its caller went away', async () => {
    await start();
    fault({ kind: 'retry_after', code: 1303, seconds: 10 });
    const gone = new AbortController();
    const sent = fetch(started.dataUrl + PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(textToVideo()),
      signal: gone.signal,
    }).catch(() => null);
    await advanceUntil(clock, () => posts().length === 1);
    gone.abort();
    await sent;
    await advanceUntil(clock, async () => (await holdsOf(started))[0]?.state === 'released', { stepMs: 50 });
    await advanceBy(clock, 30_000);
    expect(posts()).toHaveLength(1);
  });

  it('is not sent again once spending is frozen', async () => {
    await start();
    fault({ kind: 'retry_after', code: 1303, seconds: 10 });
    const answer = post(started.dataUrl + PATH, textToVideo());
    await advanceUntil(clock, () => posts().length === 1);
    const frozen = await post(
      `${started.controlUrl}/v1/freeze`,
      { reason: 'a test' },
      { authorization: `Bearer ${started.token}` },
    );
    expect(frozen.status).toBe(200);
    expect(await whileMoving(clock, answer)).toMatchObject({ status: 429, json: { code: 1303 } });
    expect(posts()).toHaveLength(1);
    expect(await holdsOf(started)).toMatchObject([{ state: 'released' }]);
  });
});

describe('a create that met Kling in trouble', () => {
  it.each([5000, 5001])('is sent again after %i, once two look-ups found no task', async (code) => {
    await start();
    fault({ kind: 'code', code });
    const from = clock.monotonic();
    const answer = await create();
    expect(answer.status).toBe(200);
    expect(clock.monotonic() - from).toBeGreaterThanOrEqual(10_000);
    expect(new Set(idsSent()).size).toBe(1);
    expect(await attempts()).toMatchObject([
      { attempt: 1, code },
      { attempt: 2, status: 200, code: 0, taskId: answer.json.data['task_id'] },
    ]);
    await expectOneTask();
  });

  it('is looked up, and not sent again, after 5002, a reset and a page of a proxy', async () => {
    await start();
    for (const order of [
      { kind: 'code', code: 5002 },
      { kind: 'reset_before_charge' },
      { kind: 'http', status: 503 },
    ] as const) {
      fault(order);
      // An equal create would join the one before.
      expect(await create({}, order.kind), order.kind).toMatchObject({ status: 424, json: { code: 9052 } });
    }
    expect(posts()).toHaveLength(3);
  });

  it('is sent again wherever in a millisecond its doubt began', async () => {
    await start();
    await clock.advance(0.7);
    fault({ kind: 'code', code: 5001 });
    const answer = post(started.dataUrl + PATH, textToVideo());
    await until('it is in doubt', async () => (await holdsOf(started)).some((hold) => hold.inDoubt));
    await clock.advance(2_000);
    await started.app.runDue();
    // The schedule counts whole milliseconds, so the next look-up is due this early.
    await clock.advance(7_999.6);
    await started.app.runDue();
    const sentAgain = await whileMoving(clock, answer);
    expect(sentAgain.status).toBe(200);
    expect(posts()).toHaveLength(2);
  });

  it('is found by its look-up if a task was made, and not sent again', async () => {
    await start();
    fault({ kind: '5xx_after_charge', code: 5001 });
    expect((await create()).status).toBe(200);
    expect(posts()).toHaveLength(1);
    await expectOneTask();
  });

  it('stays in doubt after a second send that Kling refused, for 600 s after that one', async () => {
    await start();
    fault({ kind: 'code', code: 5001 });
    fault({ kind: 'code', code: 1301 });
    const answer = await create();
    expect(answer).toMatchObject({ status: 424, json: { data: { upstream: { status: 400, code: 1301 } } } });
    const [, second] = posts();
    const sentAt = second?.at ?? Number.NaN;
    expect(await holdsOf(started)).toMatchObject([{ state: 'held', inDoubt: true }]);
    await advanceBy(clock, sentAt + 599_000 - clock.now(), 2_000);
    expect(await holdsOf(started)).toMatchObject([{ state: 'held', inDoubt: true }]);
    await advanceUntil(clock, async () => (await holdsOf(started))[0]?.state === 'released');
    expect(posts()).toHaveLength(2);
  });

  it('is sent once with creates.resend "never"', async () => {
    await start({ creates: { resend: 'never' } });
    fault({ kind: 'code', code: 5001 });
    expect(await create({}, 'in doubt')).toMatchObject({ status: 424 });
    fault({ kind: 'refuse_external_id' });
    expect(await create()).toMatchObject({ status: 400, json: { code: 1201 } });
    fault({ kind: 'code', code: 1303 });
    expect(await create()).toMatchObject({ status: 429, json: { code: 1303 } });
    expect(posts()).toHaveLength(3);
  });

  it('is sent once in observe mode', async () => {
    await start({ mode: 'observe' });
    fault({ kind: 'code', code: 1303 });
    expect(await create()).toMatchObject({ status: 429, json: { code: 1303 } });
    fault({ kind: 'code', code: 5001 });
    expect(await create()).toMatchObject({ status: 503, json: { code: 5001 } });
    expect(posts()).toHaveLength(2);
  });
});

describe('a create that Kling refuses with a code of its own that nobody documented', () => {
  it('is looked up, released on Kling’s word, and answered as Kling answered', async () => {
    await start();
    fault({ kind: 'code', code: 6666, status: 400 });
    expect(await create()).toMatchObject({ status: 400, json: { code: 6666 } });
    expect(await holdsOf(started)).toMatchObject([{ state: 'released', inDoubt: false }]);
    expect(posts()).toHaveLength(1);
  });
});

describe('a create that never left', () => {
  it('is sent again, up to five times, under the same hold', async () => {
    await start({ breaker: null }, { port: await freePort() });
    await started.emulator.stop();
    const first = await create();
    expect(first).toMatchObject({ status: 502, json: { code: 9050, data: { sent: 'no' } } });
    const refused = await attempts();
    expect(refused.map(({ attempt }) => attempt)).toEqual(refused.map((_, i) => i + 1));
    expect(refused.every(({ errorClass }) => errorClass === 'refused')).toBe(true);
    expect(refused.length).toBeGreaterThan(1);
    expect(await holdsOf(started)).toMatchObject([{ state: 'released', inDoubt: false }]);
    const second = post(started.dataUrl + PATH, textToVideo());
    await until('the second create is held', async () => (await holdsOf(started)).length === 2);
    await started.emulator.start();
    expect((await whileMoving(clock, second)).status).toBe(200);
    expect(started.emulator.book().charges).toHaveLength(1);
  });
});
