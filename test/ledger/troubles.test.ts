import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyBudgets, listBudgets } from '../../src/budget/budget-table.ts';
import { readOldDoubts } from '../../src/budget/old-doubts.ts';
import type { RefusalRecord } from '../../src/calls/call.ts';
import { recordRefusals } from '../../src/calls/call-table.ts';
import { sumRefusals } from '../../src/calls/refusal-sums.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { moneyStatus } from '../../src/ledger/status.ts';
import { useUpstream } from '../../src/ledger/use-upstream.ts';
import { lastVerification, noteVerification } from '../../src/ledger/verification-table.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { listTasks } from '../../src/tasks/task-list.ts';
import { readFailedTasks, readStuckTasks } from '../../src/tasks/troubled-table.ts';
import { admitHold, close, newHold, NOON, rule, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

/** Makes a task at an instant. */
async function task(id: string, at: number, hold: Parameters<typeof newHold>[1] = {}): Promise<void> {
  await admitHold(store, newHold(`h${id}`, { at, ...hold }));
  await close(store, `h${id}`, { kind: 'task', sighting: sighting(id) }, { at });
}

const fail = (id: string, statusMessage: string | null, at: number) =>
  store.run(observeTasks, {
    sightings: [sighting(id, { state: 'failed', statusMessage })],
    source: 'poll',
    at,
    upstream: { host: 'api.example', account: 'key-0', fingerprint: 'f' },
  });

const refusal = (id: number, over: Partial<RefusalRecord> = {}): RefusalRecord => ({
  id: `refusal_${id}`,
  requestId: 'r',
  at: NOON,
  app: 'web',
  tag: null,
  method: 'POST',
  route: '/v1/videos/text2video',
  status: 403,
  word: 'budget_exceeded',
  message: 'over',
  credits: 10_000,
  budget: 'daily',
  wouldOnly: false,
  ...over,
});

describe('stuck tasks', () => {
  it('are summed by product, and are those that the list shows', async () => {
    await task('1', NOON, { credits: 10_000 });
    await task('2', NOON + MINUTE, { credits: 20_000 });
    await task('3', NOON, { product: 'image', credits: 250 });
    await task('4', NOON);
    await fail('4', null, NOON + 1);
    const at = NOON + 10 * MINUTE;
    const limits = { usualMs: 10 * MINUTE, byOperation: { 'image-to-video': 2 * MINUTE } } as const;
    const first = { oldestAt: NOON, since: at, afterMs: 10 * MINUTE };
    expect(await store.run(readStuckTasks, { at: at - 1, limits })).toEqual([]);
    expect(await store.run(readStuckTasks, { at, limits })).toEqual([
      { product: 'image', tasks: 1, heldCredits: 250, ...first },
      { product: 'video', tasks: 1, heldCredits: 10_000, ...first },
    ]);
    const later = await store.run(readStuckTasks, { at: at + MINUTE, limits });
    expect(later[1]).toEqual({ product: 'video', tasks: 2, heldCredits: 30_000, ...first });
    const stuck = { limits, at: at + MINUTE };
    const listed = await store.run(listTasks, { limit: 10, cursor: null, stuck });
    expect(listed.tasks.map(({ id }) => id).sort()).toEqual(['1', '2', '3']);
  });

  it('have an age for each operation; those whose hold an operator ended are not summed', async () => {
    const limits = {
      usualMs: 10 * MINUTE,
      byOperation: { 'image-to-video': 2 * MINUTE, tts: MINUTE },
    } as const;
    await task('1', NOON, { operation: 'image-to-video' });
    await task('2', NOON - MINUTE);
    const sum = (at: number) => store.run(readStuckTasks, { at, limits });
    expect(await sum(NOON + 2 * MINUTE - 1)).toEqual([]);
    const since = NOON + 2 * MINUTE;
    const short = { product: 'video', heldCredits: 10_000, oldestAt: NOON, since, afterMs: 2 * MINUTE };
    expect(await sum(since)).toEqual([{ ...short, tasks: 1 }]);
    const both = { ...short, tasks: 2, heldCredits: 20_000, oldestAt: NOON - MINUTE };
    expect(await sum(NOON + 9 * MINUTE)).toEqual([both]);
    const status = await store.run(moneyStatus, { at: since, stuck: limits });
    expect(status.openTasks).toMatchObject([{ tasks: 2, stuck: 1 }]);
    const listed = await store.run(listTasks, { limit: 9, cursor: null, stuck: { limits, at: since } });
    expect(listed.tasks.map(({ id }) => id)).toEqual(['1']);
    const order = { action: 'write-off', reason: 'lost', actor: 'ana', at: since } as const;
    await store.run(resolveHold, { holdId: 'h1', ...order });
    expect(await sum(since)).toEqual([]);
  });
});

describe('old doubts', () => {
  it('are those that began before an instant, with those that only an operator can end', async () => {
    const doubt = async (id: string, at: number, hold: Parameters<typeof newHold>[1] = {}) => {
      await admitHold(store, newHold(id, { at, ...hold }));
      await close(store, id, { kind: 'unknown', evidence: 'reset' }, { at });
    };
    await store.run(useUpstream, { host: 'api.example', account: 'key-0', fingerprint: 'f', at: NOON });
    await doubt('a', NOON, { credits: 10_000 });
    await doubt('b', NOON + 1, { credits: 5_000, externalTaskId: null });
    await doubt('c', NOON + 2, { upstream: { host: 'other.example', account: 'key-0' } });
    const none = { holds: 0, credits: 0, oldestAt: null, forOperator: 0 };
    expect(await store.run(readOldDoubts, { before: NOON })).toEqual(none);
    const first = { holds: 1, credits: 10_000, oldestAt: NOON, forOperator: 0 };
    expect(await store.run(readOldDoubts, { before: NOON + 1 })).toEqual(first);
    const all = { holds: 3, credits: 25_000, oldestAt: NOON, forOperator: 2 };
    expect(await store.run(readOldDoubts, { before: NOON + MINUTE })).toEqual(all);
    const order = { action: 'release', reason: 'seen in the console', actor: 'ana' } as const;
    for (const holdId of ['a', 'b', 'c']) await store.run(resolveHold, { holdId, ...order, at: NOON + 9 });
    expect(await store.run(readOldDoubts, { before: NOON + MINUTE })).toEqual(none);
  });
});

describe('failed tasks', () => {
  it('are those of the creates of a span, by Kling’s words', async () => {
    await task('1', NOON - 1);
    await task('2', NOON);
    await task('3', NOON + 1);
    await task('4', NOON + 2);
    await task('5', NOON + 3);
    for (const [id, message] of [
      ['1', 'busy'],
      ['2', 'risk'],
      ['3', 'busy'],
      ['4', 'risk'],
    ] as const)
      await fail(id, message, NOON + MINUTE);
    expect(await store.run(readFailedTasks, { from: NOON, to: NOON + 3 })).toEqual([
      { statusMessage: 'risk', tasks: 2 },
      { statusMessage: 'busy', tasks: 1 },
    ]);
    await fail('5', null, NOON + MINUTE);
    expect(await store.run(readFailedTasks, { from: NOON + 3, to: NOON + 4 })).toEqual([
      { statusMessage: null, tasks: 1 },
    ]);
  });
});

describe('refusals', () => {
  it('are summed by word within a span, without those that were not carried out', async () => {
    await store.run(recordRefusals, [
      refusal(1, { at: NOON - 1 }),
      refusal(2),
      refusal(3, { credits: 2_500 }),
      refusal(4, { word: 'body_refused', credits: null }),
      refusal(5, { wouldOnly: true }),
      refusal(6, { at: NOON + DAY }),
    ]);
    expect(await store.run(sumRefusals, { from: NOON, to: NOON + DAY })).toEqual([
      { word: 'budget_exceeded', refusals: 2, credits: 12_500 },
      { word: 'body_refused', refusals: 1, credits: 0 },
    ]);
  });
});

describe('budgets of the past', () => {
  it('are shown in the windows of that instant, though holds were made since', async () => {
    await store.run(applyBudgets, { rules: [rule()], at: NOON - DAY });
    await admitHold(store, newHold('a', { at: NOON - DAY, credits: 20_000 }));
    await admitHold(store, newHold('b', { at: NOON, credits: 30_000 }));
    const heldAt = async (at: number, isPast: boolean) =>
      (await store.run(listBudgets, { at, isPast })).budgets.map((row) => [row.windowKey, row.heldCredits]);
    expect(await heldAt(NOON - DAY, true)).toEqual([['2026-11-17', 20_000]]);
    expect(await heldAt(NOON - DAY, false)).toEqual([['2026-11-18', 30_000]]);
  });
});

describe('the last verification of the ledger', () => {
  it('is kept with its first problem and the begin of the problems, and drops them when all agrees', async () => {
    const verify = async (at: number) => {
      const { problems } = await store.run(verifyLedger, {});
      return store.run(noteVerification, { at, problems });
    };
    expect(await store.run(lastVerification, undefined)).toBeNull();
    await store.run(applyBudgets, { rules: [rule()], at: NOON });
    await admitHold(store, newHold('a'));
    const agrees = { problems: 0, first: null, since: null };
    expect(await verify(NOON)).toEqual({ at: NOON, ...agrees });
    store.db.exec('UPDATE budget_counters SET held = held + 5');
    await verify(NOON + 1);
    const found = await verify(NOON + 2);
    expect(found).toMatchObject({ at: NOON + 2, problems: 1, since: NOON + 1 });
    expect(found.first).toContain('daily');
    expect(await store.run(lastVerification, undefined)).toEqual(found);
    store.db.exec('UPDATE budget_counters SET held = held - 5');
    expect(await verify(NOON + 3)).toEqual({ at: NOON + 3, ...agrees });
  });
});
