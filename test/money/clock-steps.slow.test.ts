import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, until, type Got } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { budgetOf, holdsOf } from './books.ts';
import { advanceUntil } from './hand-clock.ts';

const PATH = '/v1/videos/text2video';
const NOON = Date.UTC(2026, 10, 18, 12);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The machine's clock, which steps, and Kling's, which does not. */
let clock: ManualClock;
let klingClock: ManualClock;
let started: StartedApp;
afterEach(() => started.stop());

async function start(config: Record<string, unknown> = {}): Promise<void> {
  clock = createManualClock(NOON);
  klingClock = createManualClock(NOON);
  started = await startApp({
    clock,
    emulator: { clock: klingClock, concurrency: { video: 1000, image: 1000 } },
    config: {
      tasks: { poll: false },
      budgets: [{ name: 'b', credits: 100, window: 'day' }],
      ...config,
    } as never,
  });
}

const create = (): Promise<Got> => post(started.dataUrl + PATH, textToVideo());
const many = async (count: number): Promise<number[]> =>
  (await Promise.all(Array.from({ length: count }, create))).map(({ status }) => status);
const step = (byMs: number): void => clock.step(clock.now() + byMs);
const order = (path: string, more: Record<string, unknown> = {}): Promise<Got> =>
  post(
    `${started.controlUrl}${path}`,
    { reason: 'the clock was wrong', ...more },
    { authorization: `Bearer ${started.token}` },
  );
/** Moves both clocks on together. */
async function pass(byMs: number): Promise<void> {
  await klingClock.advance(byMs);
  await clock.advance(byMs);
}

describe('a clock that steps while the sidecar runs', () => {
  it.each([
    ['hour', HOUR_MS],
    ['day', DAY_MS],
    ['day', 2 * DAY_MS],
    ['month', 32 * DAY_MS],
    ['day', -2 * DAY_MS],
  ] as const)('opens no second %s budget, by %d ms', async (window, byMs) => {
    await start({ budgets: [{ name: 'b', credits: 100, window }] });
    await many(10);
    step(byMs);
    expect(new Set(await many(64))).toEqual(new Set([503]));
    expect(started.emulator.book().charges).toHaveLength(10);
    expect(await budgetOf(started.controlUrl)).toMatchObject({ heldCredits: 100 });
    step(-byMs);
    expect(new Set(await many(8))).toEqual(new Set([403]));
    expect(await budgetOf(started.controlUrl)).toMatchObject({ heldCredits: 100 });
    expect(started.emulator.book().charges).toHaveLength(10);
  });

  it('is compared with Kling’s once, however many creates wait for it, and a small step is followed', async () => {
    await start({ budgets: [{ name: 'b', credits: 1000, window: 'day' }] });
    expect((await create()).status).toBe(200);
    step(60_000);
    const before = started.emulator.requests().length;
    expect(new Set(await many(20))).toEqual(new Set([200]));
    expect(started.emulator.requests().length - before).toBe(21);
    const [newest] = await holdsOf(started.controlUrl);
    expect((newest as unknown as { createdAt: string }).createdAt).toBe(
      new Date(NOON + 60_000).toISOString(),
    );
  });

  it('dates nothing into another day in observe mode either', async () => {
    await start({ mode: 'observe' });
    step(2 * DAY_MS);
    expect(await many(5)).toEqual([200, 200, 200, 200, 200]);
    expect(await budgetOf(started.controlUrl)).toMatchObject({ heldCredits: 50, windowKey: '2026-11-18' });
    await until('five are counted', async () => {
      await clock.advance(100);
      const { json } = await get(`${started.controlUrl}/v1/status`);
      const { wouldHave } = json as unknown as { wouldHave: { word: string; count: number }[] };
      return wouldHave.find(({ word }) => word === 'clock_untrusted')?.count === 5;
    });
  });

  it('refuses creates if no answer of Kling’s shows its clock', async () => {
    await start();
    expect((await create()).status).toBe(200);
    step(2 * DAY_MS);
    started.emulator.addFault({ kind: 'reset_before_charge', times: 'always', match: { method: 'GET' } });
    expect(await create()).toMatchObject({ status: 502, json: { code: 9050, data: { sent: 'no' } } });
    expect(started.emulator.book().charges).toHaveLength(1);
  });

  it('lets no idempotency key expire: no second charge follows', async () => {
    await start();
    const keyed = () => post(started.dataUrl + PATH, textToVideo(), { 'idempotency-key': 'k' });
    const first = await keyed();
    step(2 * DAY_MS);
    await pass(60_000);
    expect((await keyed()).json.data['task_id']).toBe(first.json.data['task_id']);
    await started.app.runDue();
    await order('/v1/clock/accept');
    expect((await keyed()).json.data['task_id']).toBe(first.json.data['task_id']);
    expect(started.emulator.book().charges).toHaveLength(1);
  });
});

describe('money that a wrong clock dated into the future', () => {
  /** Two days ahead, accepted by mistake: the budget of that day is full, then the clock is set right. */
  async function lockAhead(): Promise<void> {
    await start();
    expect((await create()).status).toBe(200);
    step(2 * DAY_MS);
    expect((await create()).status).toBe(503);
    expect((await order('/v1/clock/accept')).status).toBe(200);
    expect(new Set(await many(10))).toEqual(new Set([200]));
    step(-2 * DAY_MS);
    expect(await create()).toMatchObject({ status: 403, json: { code: 9001 } });
  }

  it('is named and keeps its date after an operator’s order, and new creates count today again', async () => {
    await lockAhead();
    const tomorrow = new Date(NOON + DAY_MS).toISOString();
    expect((await order('/v1/budgets/b/raise', { byCredits: 10, until: tomorrow })).status).toBe(400);
    const reset = (await order('/v1/clock/reset')).json as unknown as {
      futureHolds: { holds: { createdAt: string }[] };
    };
    expect(reset).toMatchObject({
      wasReset: true,
      datedFrom: new Date(NOON).toISOString(),
      futureHolds: { count: 10, credits: 100 },
    });
    expect(reset.futureHolds.holds.map(({ createdAt }) => createdAt.slice(0, 10))).toEqual(
      Array<string>(10).fill('2026-11-20'),
    );
    expect(await budgetOf(started.controlUrl)).toMatchObject({ windowKey: '2026-11-18', heldCredits: 10 });
    expect((await order('/v1/budgets/b/raise', { byCredits: 10, until: tomorrow })).status).toBe(200);
    const answers = await many(12);
    expect(answers.filter((status) => status === 200)).toHaveLength(10);
    expect((await order('/v1/clock/reset')).json as unknown).toMatchObject({ wasReset: false });
    // What was dated ahead is still taken when that day comes.
    clock.step(NOON + 2 * DAY_MS);
    klingClock.step(NOON + 2 * DAY_MS);
    expect(await create()).toMatchObject({ status: 403, json: { code: 9001 } });
  });

  it('is not set back while the clock is wrong', async () => {
    await start();
    step(2 * DAY_MS);
    expect(await order('/v1/clock/reset')).toMatchObject({ status: 503 });
  });

  it('is ignored when Kling’s clock has agreed with ours for some minutes', async () => {
    await lockAhead();
    for (let i = 0; i < 8; i += 1) await pass(30_000);
    expect((await create()).status).toBe(403);
    await advanceUntil(
      clock,
      async () => {
        await klingClock.advance(30_000);
        return (await create()).status === 200;
      },
      { stepMs: 30_000, stepsMax: 20 },
    );
    expect(await budgetOf(started.controlUrl)).toMatchObject({ windowKey: '2026-11-18', heldCredits: 20 });
  });
});
