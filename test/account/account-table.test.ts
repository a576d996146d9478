import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isCovered, type BillingRow, type Pack } from '../../src/account/account.ts';
import {
  listedPacks,
  purgeDeductions,
  readAccount,
  recordDeductions,
  recordPacks,
  recordRead,
  sumDeductions,
} from '../../src/account/account-table.ts';
import { defineRead } from '../../src/store/operation.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const DAY = 86_400_000;
const pack = (over: Partial<Pack> = {}): Pack => ({
  id: 'p-1',
  name: 'Video-100Units-5Con-3Months',
  kind: 'decreasing_total',
  total: 100_000_000,
  remaining: 90_000_000,
  purchasedAt: null,
  effectiveAt: 10 * DAY,
  invalidAt: 100 * DAY,
  status: 'online',
  ...over,
});
const deduction = (over: Partial<BillingRow> = {}): BillingRow => ({
  wallet: 'package',
  taskId: 't-1',
  at: 20 * DAY,
  before: 90_000_000,
  amount: 1_000_000,
  packId: 'p-1',
  product: 'video',
  cashType: null,
  currency: null,
  apiKeyName: null,
  ...over,
});
const sums = defineRead('test.sums', (tx, args: { spans: { start: number; end: number }[] }) =>
  sumDeductions(tx, args.spans),
);

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

describe('packs', () => {
  it('are kept in their last state, also when Kling no longer lists them', async () => {
    await store.run(recordPacks, { packs: [pack(), pack({ id: 'p-0', effectiveAt: DAY })], at: 1 });
    await store.run(recordPacks, { packs: [pack({ remaining: 5, status: 'runOut' })], at: 2 });
    const { packs, reads } = await store.run(readAccount, {});
    expect(packs.map(({ id, status, remaining }) => [id, status, remaining])).toEqual([
      ['p-0', 'online', 90_000_000],
      ['p-1', 'runOut', 5],
    ]);
    expect(reads.packs).toMatchObject({ readAt: 2, fromAt: null, throughAt: null, problem: null });
  });
});

describe('deductions', () => {
  it('are entered once even if they are read often, and summed by their own instant', async () => {
    const rows = [deduction(), deduction({ before: 89_000_000 }), deduction({ taskId: 't-2', at: 21 * DAY })];
    expect(await store.run(recordDeductions, { deductions: rows })).toBe(3);
    expect(await store.run(recordDeductions, { deductions: rows })).toBe(0);
    const cash = { wallet: 'balance', packId: null, product: null, currency: 'USD' } as const;
    await store.run(recordDeductions, { deductions: [deduction({ ...cash, cashType: 'balance' })] });
    expect(await store.run(sums, { spans: [{ start: 20 * DAY, end: 21 * DAY }] })).toEqual([
      { ...cash, cashType: 'balance', amount: 1_000_000, rows: 1 },
      expect.objectContaining({ wallet: 'package', packId: 'p-1', amount: 2_000_000, rows: 2 }),
    ]);
    const both = [
      { start: 0, end: 20 * DAY + 1 },
      { start: 21 * DAY, end: 22 * DAY },
    ];
    expect((await store.run(sums, { spans: both })).at(-1)).toMatchObject({ amount: 3_000_000, rows: 3 });
  });

  it('cover a time range once tasks from a day before it to its end are read', async () => {
    const span = { start: 10 * DAY, end: 20 * DAY };
    const read = { readAt: 1, problem: null, upstream: null };
    expect(isCovered({ ...read, fromAt: 9 * DAY, throughAt: 20 * DAY }, span)).toBe(true);
    expect(isCovered({ ...read, fromAt: 9 * DAY + 1, throughAt: 20 * DAY }, span)).toBe(false);
    expect(isCovered({ ...read, fromAt: 9 * DAY, throughAt: 20 * DAY - 1 }, span)).toBe(false);
    expect(isCovered({ ...read, fromAt: null, throughAt: null }, span)).toBe(false);
  });

  it('are dropped with age, and then no longer count as known', async () => {
    await store.run(recordDeductions, {
      deductions: [deduction({ at: DAY }), deduction({ at: 30 * DAY })],
    });
    await store.run(recordRead, { what: 'package', fromAt: 0, throughAt: 40 * DAY, readAt: 5 });
    await store.run(recordRead, { what: 'package', problem: 'code 1000: no' });
    expect(await store.run(purgeDeductions, { before: 20 * DAY })).toEqual({ deductions: 1, more: false });
    const { reads } = await store.run(readAccount, {});
    expect(reads.package).toMatchObject({
      readAt: 5,
      fromAt: 20 * DAY,
      throughAt: 40 * DAY,
      problem: 'code 1000: no',
    });
    expect(reads.balance).toMatchObject({ readAt: null, fromAt: null, throughAt: null, problem: null });
  });
});

describe('the packs that an upstream lists', () => {
  it('are those of its last whole list, and none of another upstream', async () => {
    const [one, other] = ['kling.example main', 'kling.example other'];
    const ids = async (upstream: string) => (await store.run(listedPacks, { upstream })).map(({ id }) => id);
    expect(await ids(one)).toEqual([]);
    await store.run(recordPacks, { packs: [pack(), pack({ id: 'p-0' })], upstream: one, at: 10 });
    await store.run(recordRead, { what: 'packs', readAt: 9, problem: null });
    expect(await ids(one)).toEqual(['p-0', 'p-1']);
    await store.run(recordPacks, { packs: [pack()], upstream: one, at: 20 });
    expect(await ids(one)).toEqual(['p-1']);
    await store.run(recordRead, { what: 'packs', problem: 'code 1103' });
    expect(await ids(one)).toEqual(['p-1']);
    expect(await ids(other)).toEqual([]);
    await store.run(recordPacks, { packs: [pack({ id: 'p-2' })], upstream: other, at: 30 });
    expect(await ids(one)).toEqual([]);
    expect(await ids(other)).toEqual(['p-2']);
  });
});
