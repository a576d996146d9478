import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import { admit } from '../../src/ledger/admit.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { closeCreate } from '../../src/ledger/close.ts';
import type { AdmitResult } from '../../src/ledger/ledger.ts';
import { readTaskTimeline } from '../../src/control/task-timeline.ts';
import { retryLinks } from '../../src/tasks/retry-links.ts';
import {
  delayRetry,
  endChain,
  openChains,
  openChainsOf,
  queueRetry,
  readChain,
  readKept,
  retryQueue,
  waitingChains,
  type RetryArgs,
} from '../../src/tasks/retry-table.ts';
import { call, newHold, NOON, rule, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const BODY = new TextEncoder().encode('{"prompt":"a boat"}');
const KEEP: RetryArgs = { kind: 'keep', body: BODY, expectedSeconds: 7.5 };
const QUEUED = {
  reason: 'internal',
  tries: 0,
  note: 'internal error',
  waitingSince: NOON,
  dueAt: NOON + 30_000,
};

let store: MemoryStore;
beforeEach(() => {
  store = createMemoryStore();
});
afterEach(() => store.close());

const hold = (holdId: string, retry?: RetryArgs): Promise<AdmitResult> =>
  store.run(admit, {
    hold: newHold(holdId, { tag: 'batch' }),
    guard: null,
    enforce: true,
    ...(retry && { retry }),
  });
const take = (holdId: string, number = 1): Promise<AdmitResult> =>
  hold(holdId, { kind: 'take', firstHoldId: 'h1', number });
const makeTask = (holdId: string, taskId: string): Promise<unknown> =>
  store.run(closeCreate, {
    holdId,
    at: NOON,
    end: { kind: 'task', sighting: sighting(taskId) },
    calls: [
      call(`call_${holdId}`, {
        holdId,
        taskId,
        requestId: `req_${holdId}`,
        tag: 'batch',
        host: 'api.example',
      }),
    ],
    answer: null,
  });
const fail = (taskId: string): Promise<unknown> =>
  store.run(observeTasks, {
    sightings: [sighting(taskId, { state: 'failed', statusMessage: 'internal error' })],
    source: 'poll',
    at: NOON,
  });
const bodies = (): number =>
  (store.db.prepare('SELECT COUNT(*) AS n FROM task_retry_bodies').get() as { n: number }).n;
const queue = (holdId: string, number = 0): Promise<boolean> =>
  store.run(queueRetry, { firstHoldId: 'h1', holdId, number, ...QUEUED });

describe('a create that no rule matches', () => {
  it('runs no statement more', async () => {
    await store.run(applyBudgets, { rules: [rule()], at: NOON });
    await hold('h0');
    const before = store.statements();
    await hold('h1');
    const usual = store.statements() - before;
    expect(store.usualCases()).toBeGreaterThan(0);
    await hold('h2', KEEP);
    expect(store.statements() - before - usual).toBeGreaterThan(usual);
    expect(bodies()).toBe(1);
  });
});

describe('a kept create', () => {
  beforeEach(async () => {
    await hold('h1', KEEP);
    await makeTask('h1', 'task-1');
  });

  it('is open with its body until its task fails, then waits, and is taken once', async () => {
    expect(await store.run(openChainsOf, { holdIds: ['h1', 'h2'] })).toEqual([
      {
        firstHoldId: 'h1',
        holdId: 'h1',
        number: 0,
        tries: 0,
        reason: null,
        waitingSince: null,
        app: 'default',
        tag: 'batch',
        firstAt: NOON,
        holdState: 'held',
        taskId: 'task-1',
        taskState: 'submitted',
        taskMessage: null,
        code: 0,
      },
    ]);
    await fail('task-1');
    expect(await store.run(openChains, { after: '', limit: 10 })).toMatchObject([
      { holdState: 'released', taskState: 'failed', taskMessage: 'internal error' },
    ]);
    expect(await store.run(readKept, { firstHoldId: 'h1' })).toBeNull();
    expect(await queue('h1')).toBe(true);
    expect(await queue('h1')).toBe(false);
    expect(await store.run(openChains, { after: '', limit: 10 })).toEqual([]);
    expect(await store.run(retryQueue, {})).toEqual({ waiting: 1, nextAt: NOON + 30_000 });
    await store.run(delayRetry, { firstHoldId: 'h1', tries: 1, note: 'queue_full', dueAt: NOON + 60_000 });
    expect(await store.run(waitingChains, { limit: 5 })).toEqual([
      {
        firstHoldId: 'h1',
        holdId: 'h1',
        number: 0,
        tries: 1,
        waitingSince: NOON,
        dueAt: NOON + 60_000,
        app: 'default',
        tag: 'batch',
      },
    ]);
    expect(await store.run(readKept, { firstHoldId: 'h1' })).toMatchObject({
      firstHoldId: 'h1',
      number: 1,
      app: 'default',
      tag: 'batch',
      path: '/v1/videos/text2video',
      expectedSeconds: 7.5,
      body: BODY,
    });
    expect(await take('h2')).toMatchObject({ kind: 'admitted' });
    await expect(take('h3')).rejects.toMatchObject({ code: 'already_resolved' });
    // The hold of the one that came too late is not there either.
    expect(store.db.prepare('SELECT id FROM creates ORDER BY id').all()).toEqual([
      { id: 'h1' },
      { id: 'h2' },
    ]);
    expect(await store.run(readChain, { firstHoldId: 'h1' })).toEqual({
      holdId: 'h2',
      number: 1,
      state: 'open',
    });
  });

  it('shows its links and its life', async () => {
    await fail('task-1');
    await queue('h1');
    const waits = await store.run(retryLinks, { taskId: 'task-1' });
    expect(waits).toMatchObject({ retryOf: null, retriedBy: [], retryChain: { state: 'waiting' } });
    await take('h2');
    await makeTask('h2', 'task-2');
    expect(await store.run(retryLinks, { taskId: 'task-1' })).toMatchObject({
      retriedBy: [{ number: 1, reason: 'internal', holdId: 'h2', holdState: 'held', taskId: 'task-2' }],
    });
    expect(await store.run(retryLinks, { taskId: 'task-2' })).toMatchObject({ retryOf: 'task-1' });
    expect(await store.run(retryLinks, { taskId: 'nobody' })).toBeNull();
    await fail('task-2');
    await queue('h2', 1);
    const life = await store.run(readTaskTimeline, { taskId: 'task-1' });
    expect(life.filter(({ step }) => step === 'retry').map(({ text }) => text)).toEqual([
      'retry 1 is task task-2: a task failed (internal)',
      'a task failed (internal): retry 2 waits until 2026-11-18T12:00:30.000Z; internal error',
    ]);
    const ofSecond = await store.run(readTaskTimeline, { taskId: 'task-2' });
    expect(ofSecond.find(({ step }) => step === 'retry')?.text).toBe(
      'made as retry 1 of task-1: a task failed (internal)',
    );
  });

  it('leaves nothing if it ends without a failure, and no body if it ends after one', async () => {
    await store.run(endChain, { firstHoldId: 'h1', why: 'succeeded', at: NOON });
    expect(bodies()).toBe(0);
    expect(await store.run(readChain, { firstHoldId: 'h1' })).toBeNull();
    await hold('h5', KEEP);
    await store.run(queueRetry, { firstHoldId: 'h5', holdId: 'h5', number: 0, ...QUEUED });
    await store.run(endChain, { firstHoldId: 'h5', why: 'no_rule', at: NOON });
    expect(bodies()).toBe(0);
    expect(await store.run(readChain, { firstHoldId: 'h5' })).toMatchObject({ state: 'ended' });
  });

  it('is not tried again once an operator has ended its hold', async () => {
    const order = { action: 'release', reason: 'stuck', actor: 'anna', at: NOON } as const;
    await store.run(resolveHold, { holdId: 'h1', ...order });
    expect(bodies()).toBe(0);
    expect(await store.run(openChainsOf, { holdIds: ['h1'] })).toEqual([]);
    await hold('h6');
    await store.run(resolveHold, { holdId: 'h6', ...order });
  });
});

describe('the reads of the queue', () => {
  it.each([
    [
      'openChains',
      "SELECT first_hold_id FROM task_retry_chains t WHERE t.state = 'open' AND t.first_hold_id > 'x' ORDER BY t.first_hold_id LIMIT 2",
    ],
    [
      'openChainsOf',
      "SELECT first_hold_id FROM task_retry_chains t WHERE t.state = 'open' AND t.hold_id = 'x'",
    ],
    [
      'waitingChains',
      "SELECT first_hold_id FROM task_retry_chains t WHERE t.state = 'waiting' ORDER BY t.due_at, t.first_hold_id LIMIT 2",
    ],
    ['retryQueue', "SELECT COUNT(*), MIN(due_at) FROM task_retry_chains WHERE state = 'waiting'"],
    ['links', "SELECT r.number FROM task_retries r WHERE r.first_hold_id = 'x' ORDER BY r.hold_id"],
  ])('%s use an index of its own', (_name, sql) => {
    const plan = store.db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    const details = plan.map(({ detail }) => detail).join('; ');
    expect(details).toMatch(/USING (COVERING )?INDEX task_retr/);
    expect(details).not.toContain('TEMP B-TREE');
  });
});
