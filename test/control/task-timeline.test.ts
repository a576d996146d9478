import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeModules } from '../../src/app/store-operations.ts';
import { noteQueueWait } from '../../src/calls/queue-wait-table.ts';
import { createManualClock } from '../../src/clock.ts';
import { readTaskTimeline } from '../../src/control/task-timeline.ts';
import { loseTasks } from '../../src/ledger/lose-tasks.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { get, post, anotherVideo } from '../app/calls.ts';
import { startApp } from '../app/start-app.ts';
import { admitHold, call, close, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore(storeModules)));
afterEach(() => store.close());

const timeline = async (taskId = 't1') =>
  (await store.run(readTaskTimeline, { taskId })).map(({ at, step, text }) => [at - NOON, step, text]);
const see = (at: number, over: Parameters<typeof sighting>[1]) =>
  store.run(observeTasks, { sightings: [sighting('t1', over)], source: 'poll', at: NOON + at });

describe('the timeline of a task', () => {
  it('has every step by time: the wait, the hold, each attempt, the states, the money', async () => {
    await admitHold(store, newHold('h1'));
    await store.run(noteQueueWait, { holdId: 'h1', at: NOON - 2_500, waitedMs: 2_500 });
    const host = { host: 'api.example', requestId: 'req_h1' };
    const throttled = call('c1', {
      ...host,
      holdId: 'h1',
      at: NOON,
      status: 429,
      code: 1302,
      outcome: 'throttled',
    });
    const sent = call('c2', {
      ...host,
      holdId: 'h1',
      at: NOON + 900,
      attempt: 2,
      taskId: 't1',
      durationMs: 99.6,
    });
    const end = { kind: 'task', sighting: sighting('t1') } as const;
    await close(store, 'h1', end, { at: NOON + 1_000, calls: [throttled, sent] });
    await see(6_000, { state: 'processing' });
    await see(60_000, { state: 'succeeded', deduction: { credits: 7_000, raw: '0.7 video' } });
    await see(70_000, { state: 'succeeded', deduction: { credits: 7_500, raw: '0.75 video' } });
    expect(await timeline()).toEqual([
      [-2_500, 'queued', 'waited 2.5 s for a slot'],
      [0, 'held', '10 credits for text-to-video kling-v1 std, app default'],
      [0, 'sent', 'attempt 1: HTTP 429, code 1302 after 13 ms'],
      [900, 'sent', 'attempt 2: HTTP 200, code 0 after 100 ms'],
      [1_000, 'state', 'submitted, in the answer to the create'],
      [6_000, 'state', 'processing, in a poll'],
      [60_000, 'state', 'succeeded, in a poll'],
      [60_000, 'settled', '7 credits (reported): 0.7 video'],
      [70_000, 'adjusted', 'by +0.5 credits: 0.75 video'],
    ]);
    expect(await timeline('nobody’s')).toEqual([]);
  });

  it('says why a task failed, that it was lost, and how an operator ended its hold', async () => {
    await admitHold(store, newHold('h1'));
    await close(store, 'h1', { kind: 'task', sighting: sighting('t1') });
    await store.run(loseTasks, { taskIds: ['t1'], at: NOON + 5_000 });
    const order = { action: 'write-off', reason: 'billed', actor: 'ana', at: NOON + 6_000 } as const;
    await store.run(resolveHold, { holdId: 'h1', ...order });
    await see(7_000, { state: 'failed', statusMessage: 'risk control' });
    expect((await timeline()).slice(2)).toEqual([
      [5_000, 'lost', 'open for 30 days without an end; asked for no more'],
      [6_000, 'written_off', '10 credits (estimate): billed'],
      [7_000, 'state', 'failed, in a poll: risk control'],
      [7_000, 'adjusted', 'by -10 credits: risk control'],
    ]);
  });

  it('reads attempts by time, and nothing by a scan of all rows', async () => {
    const plans: string[] = [];
    const texts = [
      "SELECT at FROM journal WHERE at >= 1 AND at <= 2 AND hold_id = 'h' AND origin = 'app' ORDER BY at, id LIMIT 5",
      "SELECT state FROM task_events WHERE task_id = 't' ORDER BY at, state",
      "SELECT at FROM adjustments WHERE hold_id = 'h' ORDER BY id LIMIT 9",
      "SELECT at FROM joins WHERE hold_id = 'h' ORDER BY id LIMIT 9",
    ];
    for (const sql of texts) {
      const rows = store.db.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all();
      plans.push(...rows.map(({ detail }) => detail));
    }
    expect(
      plans.filter((detail) => /^SCAN (creates|journal|joins|adjustments|task_states)/.test(detail)),
    ).toEqual([]);
  });
});

it('is shown by the control plane, with the wait of a create that queued', async () => {
  const clock = createManualClock(Date.UTC(2026, 9, 20, 6));
  const app = await startApp({
    clock,
    config: { limits: { concurrency: { video: 1 } }, tasks: { pollIntervalMs: 1_000 } },
    emulator: { speed: 1, taskSeconds: { submitted: 1, processing: 1 } },
  });
  try {
    const create = () => post(`${app.dataUrl}/v1/videos/text2video`, anotherVideo());
    const [, second] = await whileMoving(clock, Promise.all([create(), create()]), 50);
    const url = `${app.controlUrl}/v1/tasks/${String(second.json.data['task_id'])}`;
    const task = await advanceUntil(clock, async () => {
      const { json } = (await get(url)) as unknown as { json: { life: { step: string }[]; state: string } };
      return json.state === 'succeeded' && json;
    });
    const steps = task.life.map(({ step }) => step);
    expect([...new Set(steps)]).toEqual(['queued', 'held', 'sent', 'state', 'settled']);
  } finally {
    await app.stop();
  }
});
