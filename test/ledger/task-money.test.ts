import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordDeductions, recordRead } from '../../src/account/account-table.ts';
import { keptNotes } from '../../src/budget/price-rule-schema.ts';
import { noteLedgersAreRead } from '../../src/ledger/deduction-wait.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { settleNewDeductions } from '../../src/ledger/settle-deductions.ts';
import { taskMoney } from '../../src/ledger/task-money.ts';
import type { TaskSighting } from '../../src/tasks/task.ts';
import { admitHold, close, newHold, NOON, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const DAY = 86_400_000;
let store: MemoryStore;
beforeEach(() => {
  store = createMemoryStore();
});
afterEach(() => store.close());

const money = async () => {
  const found = await store.run(taskMoney, { taskId: 't1' });
  if (!found) throw new Error('the task is not found');
  return found;
};
async function create(over: Parameters<typeof newHold>[1] = {}): Promise<void> {
  await admitHold(store, newHold('h1', over));
  await close(store, 'h1', { kind: 'task', sighting: sighting('t1') });
}
const see = (after: number, over: Partial<TaskSighting>) =>
  store.run(observeTasks, { sightings: [sighting('t1', over)], source: 'poll', at: NOON + after });

describe('the money of a task', () => {
  it('has the price with the rule and the notes of its create', async () => {
    const notes = keptNotes(['a length of 10 s is assumed: only the media know it']);
    await create({ rule: 'lip-sync: 1 credits a second, 10 s', notes, basis: 'assumed', weight: 2 });
    expect(await money()).toEqual({
      price: {
        credits: 10_000,
        basis: 'assumed',
        rule: 'lip-sync: 1 credits a second, 10 s',
        notes: ['a length of 10 s is assumed: only the media know it'],
        durationSeconds: '5',
        weight: 2,
        route: '/v1/videos/text2video',
      },
      end: null,
      adjustments: [],
      ledgerRows: [],
    });
    expect(await store.run(taskMoney, { taskId: 'nobody’s' })).toBeNull();
  });

  it('keeps a bounded part of many notes, and none of an exact price', () => {
    expect(keptNotes([])).toBeNull();
    const kept = JSON.parse(keptNotes(Array.from({ length: 99 }, () => 'x'.repeat(999))) ?? '') as string[];
    expect([kept.length, kept[0]?.length]).toEqual([20, 200]);
  });

  it('was named by the answer that showed the end', async () => {
    await create();
    await see(60_000, { state: 'succeeded', deduction: { credits: 9_500, raw: '0.95 video' } });
    const { end } = await money();
    expect(end).toEqual({
      at: NOON + 60_000,
      credits: 9_500,
      basis: 'reported',
      note: '0.95 video',
      source: 'poll',
    });
  });

  it('was named by Kling’s ledgers, whose rows are shown', async () => {
    await store.run(noteLedgersAreRead, { areRead: true });
    for (const what of ['package', 'balance'] as const) {
      const read = { fromAt: NOON - 30 * DAY, throughAt: NOON - DAY, upstream: 'api.example key-0' };
      await store.run(recordRead, { what, readAt: NOON, problem: null, ...read });
    }
    await create();
    await see(60_000, { state: 'succeeded' });
    expect((await money()).end).toBeNull();
    await store.run(recordDeductions, {
      deductions: [
        {
          wallet: 'package',
          taskId: 't1',
          at: NOON + 61_000,
          before: 90_000_000,
          amount: 1_200_000,
          packId: 'p-1',
          product: 'video',
          cashType: null,
          currency: null,
          apiKeyName: 'default',
        },
      ],
    });
    for (const what of ['package', 'balance'] as const) {
      const read = { fromAt: NOON - 30 * DAY, throughAt: NOON + DAY, upstream: 'api.example key-0' };
      await store.run(recordRead, { what, readAt: NOON + 2 * DAY, problem: null, ...read });
    }
    await store.run(settleNewDeductions, {
      at: NOON + 2 * DAY,
      price: { perCredit: 0.014, currency: 'USD' },
      upstream: { host: 'api.example', account: 'key-0', fingerprint: 'key-0' },
      after: '',
      limit: 9,
    });
    const { end, ledgerRows } = await money();
    expect(end).toMatchObject({ credits: 12_000, basis: 'reported', note: '1.2 video', source: 'ledgers' });
    expect(ledgerRows).toEqual([
      { wallet: 'package', at: NOON + 61_000, amount: '1.2 video', credits: 12_000, packId: 'p-1' },
    ]);
  });

  it('is nobody’s word where Kling named none, and shows what was changed later', async () => {
    await create();
    await store.run(resolveHold, {
      holdId: 'h1',
      action: 'write-off',
      reason: 'billed',
      actor: 'ana',
      at: NOON + 5,
    });
    await see(9, { state: 'failed', statusMessage: 'risk control' });
    const { end, adjustments } = await money();
    expect(end).toMatchObject({ credits: 10_000, basis: 'estimate', note: 'billed', source: null });
    expect(adjustments).toEqual([{ at: NOON + 9, byCredits: -10_000, basis: 'none', note: 'risk control' }]);
  });
});
