import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BillingRow } from '../../src/account/account.ts';
import { recordDeductions } from '../../src/account/account-table.ts';
import { spendingElsewhere, type SpendingElsewhere } from '../../src/ledger/spending-elsewhere.ts';
import { recordHeartbeat } from '../../src/sla/run-table.ts';
import { admitHold, close, newHold, NOON, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AT = NOON + 10 * DAY;

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

const charge = (taskId: string, at: number, units = 1, over: Partial<BillingRow> = {}): BillingRow => ({
  wallet: 'package',
  taskId,
  at,
  before: 90_000_000,
  amount: units * 1_000_000,
  packId: 'p-1',
  product: 'video',
  cashType: null,
  currency: null,
  apiKeyName: 'staging',
  ...over,
});
const ask = async (...deductions: BillingRow[]): Promise<SpendingElsewhere> => {
  await store.run(recordDeductions, { deductions });
  return store.run(spendingElsewhere, { from: AT - 30 * DAY, at: AT });
};
/** A synchronous create: settled at once, with no task id. */
async function speech(id: string, at: number, credits: number | null): Promise<void> {
  await admitHold(store, newHold(id, { at, operation: 'tts', route: '/v1/audio/tts', credits: 500 }));
  if (credits === null) await close(store, id, { kind: 'unknown', evidence: 'reset' }, { at });
  else await close(store, id, { kind: 'done', credits, raw: null }, { at });
}

describe('spending elsewhere', () => {
  it('is unknown for a store on which nothing ran, and begins with the first run or hold', async () => {
    expect(await ask(charge('a', NOON))).toMatchObject({ since: null, tasks: 0 });
    await store.run(recordHeartbeat, { runId: null, at: NOON + 1 });
    expect(await ask()).toMatchObject({ since: NOON + 1, until: AT - HOUR, tasks: 0 });
    expect(await ask(charge('b', NOON + 1), charge('young', AT - HOUR))).toMatchObject({
      tasks: 1,
      taskIds: ['b'],
      keys: ['staging'],
    });
    await admitHold(store, newHold('h', { at: NOON - 1 }));
    expect((await ask()).since).toBe(NOON - 1);
  });

  it('is no task of ours, however many rows Kling has for it', async () => {
    await admitHold(store, newHold('h1'));
    await close(store, 'h1', { kind: 'task', sighting: sighting('ours') });
    const rows = [
      charge('ours', NOON),
      charge('split', NOON, 1),
      charge('split', NOON, 2, { before: 1, packId: 'p-2' }),
    ];
    expect(await ask(...rows)).toMatchObject({
      tasks: 1,
      sums: [{ wallet: 'package', product: 'video', currency: null, amount: 3_000_000 }],
      lastAt: NOON,
    });
  });

  it('leaves out one charge of the very amount for each create of ours without a task id', async () => {
    await speech('tts', NOON, 500);
    const near = charge('near', NOON + MINUTE, 0.05);
    expect((await ask(near)).tasks).toBe(0);
    expect(await ask(charge('second', NOON + 2 * MINUTE, 0.05))).toMatchObject({
      tasks: 1,
      taskIds: ['second'],
      keys: ['staging'],
    });
    const others = [
      charge('dearer', NOON, 0.1),
      charge('late', NOON + 2 * HOUR, 0.05),
      charge('image', NOON, 0.05, { product: 'image' }),
    ];
    expect((await ask(...others)).tasks).toBe(4);
  });

  it('lets a create in doubt, and money, explain any amount', async () => {
    await speech('doubt', NOON, null);
    expect((await ask(charge('found', NOON + MINUTE, 3.5))).tasks).toBe(0);
    await speech('paid', NOON + DAY, 500);
    const cash = { wallet: 'balance', product: null, currency: 'USD', cashType: 'balance' } as const;
    expect((await ask(charge('cash', NOON + DAY, 0.007, cash))).tasks).toBe(0);
    expect((await ask(charge('more', NOON + DAY + 1, 0.007, cash))).sums).toEqual([
      { wallet: 'balance', product: null, currency: 'USD', amount: 7000 },
    ]);
  });

  it('is not explained by a create that Kling refused or that cost nothing', async () => {
    await speech('free', NOON, 0);
    await admitHold(store, newHold('refused'));
    await close(store, 'refused', { kind: 'refused', evidence: 'HTTP 400' });
    expect((await ask(charge('a', NOON), charge('b', NOON, 0.05))).tasks).toBe(2);
  });
});
