import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../../src/clock.ts';
import { holdsInDoubt } from '../../../src/alerts/rules/holds-in-doubt.ts';
import { pollLoop } from '../../../src/alerts/rules/poll-loop.ts';
import { queueSaturated } from '../../../src/alerts/rules/queue-saturated.ts';
import { tasksStuck } from '../../../src/alerts/rules/tasks-stuck.ts';
import { observeTasks } from '../../../src/ledger/observe.ts';
import { resolveHold } from '../../../src/ledger/resolve.ts';
import { configuredLimits } from '../../../src/pacing/limits.ts';
import { Slots } from '../../../src/pacing/slots.ts';
import { PolledTasks } from '../../../src/asking/polled-tasks.ts';
import { admitHold, close, newHold, NOON, sighting } from '../../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../../ledger/memory-store.ts';
import { findAt } from './look-at.ts';

const MINUTE = 60_000;

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

describe('tasks_stuck', () => {
  const find = (at: number, stuckAfterMs = 10 * MINUTE) =>
    findAt(store, tasksStuck, at, { config: { stuck: { usualMs: stuckAfterMs, byOperation: {} } } });
  const task = async (id: string, at: number, hold: Parameters<typeof newHold>[1] = {}) => {
    await admitHold(store, newHold(`h${id}`, { at, ...hold }));
    await close(store, `h${id}`, { kind: 'task', sighting: sighting(id) }, { at });
  };

  it('fires for each product once a task is open for as long as the config says, and is over when it ends', async () => {
    await task('1', NOON);
    await task('2', NOON + MINUTE, { credits: 5_000 });
    await task('3', NOON + 2 * MINUTE, { product: 'image', credits: 250 });
    expect(await find(NOON + 10 * MINUTE - 1)).toEqual([]);
    const values = { tasks: 1, heldCredits: 10_000, oldestAt: NOON, stuckAfterMs: 10 * MINUTE };
    const first = { rule: 'tasks_stuck', labels: { product: 'video' }, period: null };
    expect(await find(NOON + 10 * MINUTE)).toEqual([{ ...first, values, since: NOON + 10 * MINUTE }]);
    expect(await find(NOON + 12 * MINUTE)).toMatchObject([
      { labels: { product: 'image' }, values: { tasks: 1, heldCredits: 250 } },
      { labels: { product: 'video' }, values: { tasks: 2, heldCredits: 15_000 } },
    ]);
    expect(await find(NOON + 12 * MINUTE, 20 * MINUTE)).toEqual([]);
    await store.run(observeTasks, {
      sightings: ['1', '2', '3'].map((id) => sighting(id, { state: 'succeeded' })),
      source: 'poll',
      at: NOON + 13 * MINUTE,
      upstream: { host: 'api.example', account: 'key-0', fingerprint: 'f' },
    });
    expect(await find(NOON + 20 * MINUTE)).toEqual([]);
  });
});

describe('holds_in_doubt', () => {
  const find = (at: number, threshold?: number) =>
    findAt(
      store,
      holdsInDoubt,
      at,
      threshold === undefined ? {} : { rules: { holds_in_doubt: { threshold } } },
    );

  it('fires when a doubt is older than ten minutes, with the held credits, and is over when it has ended', async () => {
    for (const [id, at] of [
      ['a', NOON],
      ['b', NOON + MINUTE],
    ] as const) {
      await admitHold(store, newHold(id, { at }));
      await close(store, id, { kind: 'unknown', evidence: 'reset' }, { at });
    }
    expect(await find(NOON + 10 * MINUTE)).toEqual([]);
    const values = { holds: 1, credits: 10_000, oldestAt: NOON, forOperator: 0, allowedMs: 10 * MINUTE };
    expect(await find(NOON + 10 * MINUTE + 1)).toEqual([
      { rule: 'holds_in_doubt', labels: {}, period: null, values, since: NOON + 10 * MINUTE },
    ]);
    expect(await find(NOON + 11 * MINUTE + 1)).toMatchObject([{ values: { holds: 2, credits: 20_000 } }]);
    expect(await find(NOON + 11 * MINUTE + 1, 60)).toEqual([]);
    const order = { action: 'release', reason: 'seen', actor: 'ana', at: NOON + 12 * MINUTE } as const;
    for (const holdId of ['a', 'b']) await store.run(resolveHold, { holdId, ...order });
    expect(await find(NOON + 12 * MINUTE)).toEqual([]);
  });
});

describe('queue_saturated', () => {
  it('fires above 80 % of the queue’s places, for the pool whose creates wait', async () => {
    const clock = createManualClock(NOON);
    const queueLengthMax = 10;
    const limits = { limits: configuredLimits({ video: 1, image: 5 }), requestsPerMinute: null };
    const slots = new Slots({ isPaced: true, ...limits, queueWaitMsMax: 60_000, queueLengthMax }, clock);
    const enter = () =>
      slots.enter({
        product: 'video',
        model: null,
        operation: 'text-to-video',
        joinHash: null,
        weight: 1,
        app: 'web',
        appRequestsPerMinute: null,
        waitMsMax: 60_000,
        signal: new AbortController().signal,
      });
    const waiting: Promise<unknown>[] = [];
    const find = () => {
      const pools = slots.pools().map((pool) => ({ ...pool, queueMax: queueLengthMax }));
      return findAt(store, queueSaturated, NOON, { signals: { pools } });
    };
    await enter();
    for (let index = 0; index < 8; index += 1) waiting.push(enter());
    expect(await find()).toEqual([]);
    waiting.push(enter());
    const values = { queued: 9, queueMax: 10, inUse: 1, limit: 1, threshold: 0.8 };
    expect(await find()).toEqual([
      { rule: 'queue_saturated', labels: { pool: 'video' }, period: null, values, since: NOON },
    ]);
    slots.close();
    await Promise.allSettled(waiting);
    expect(await find()).toEqual([]);
  });
});

describe('poll_loop', () => {
  it('fires once for each app and day of the alerts’ zone, above 300 reads of one open task', async () => {
    const clock = createManualClock(NOON);
    const polled = new PolledTasks(clock);
    const read = (app: string, taskId: string, times: number): void => {
      for (let index = 0; index < times; index += 1) polled.note(app, [{ taskId, state: 'processing' }]);
    };
    const find = (settings = {}) =>
      findAt(store, pollLoop, NOON, { signals: { polledTasks: polled.often(1) }, settings });
    read('web', 't1', 300);
    read('batch', 't9', 20);
    expect(await find()).toEqual([]);
    read('web', 't1', 1);
    read('web', 't2', 305);
    const values = { taskId: 't2', reads: 305, tasks: 2, firstAt: NOON, limit: 300 };
    expect(await find()).toEqual([
      { rule: 'poll_loop', labels: { app: 'web' }, period: '2026-11-18', values, since: NOON },
    ]);
    expect(await find({ timeZone: 'Pacific/Kiritimati' })).toMatchObject([{ period: '2026-11-19' }]);
    for (const taskId of ['t1', 't2']) polled.note('web', [{ taskId, state: 'succeeded' }]);
    expect(await find()).toEqual([]);
  });
});
