import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BillingRow, Pack } from '../../../src/account/account.ts';
import { recordDeductions, recordPacks, recordRead } from '../../../src/account/account-table.ts';
import { outlookOf } from '../../../src/account/pack-outlook.ts';
import { clockWrong } from '../../../src/alerts/rules/clock-wrong.ts';
import { credentialsRefused } from '../../../src/alerts/rules/credentials-refused.ts';
import { deductionDiffers } from '../../../src/alerts/rules/deduction-differs.ts';
import { foreignSpending } from '../../../src/alerts/rules/foreign-spending.ts';
import { packExpires, packNearlyEmpty } from '../../../src/alerts/rules/packs.ts';
import { priceStale } from '../../../src/alerts/rules/prices.ts';
import { pricesReadOn } from '../../../src/kling/price-rows.ts';
import { recordHeartbeat } from '../../../src/sla/run-table.ts';
import { storeModules } from '../../../src/app/store-operations.ts';
import { admitHold, close, newHold, NOON } from '../../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../../ledger/memory-store.ts';
import { findAt } from './look-at.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MILLION = 1_000_000;

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore(storeModules)));
afterEach(() => store.close());

const pack = (over: Partial<Pack> = {}): Pack => ({
  id: 'p-1',
  name: 'Video-1000Units-5Con-3Months',
  kind: 'decreasing_total',
  total: 1_000 * MILLION,
  remaining: 100 * MILLION,
  purchasedAt: null,
  effectiveAt: NOON - 60 * DAY,
  invalidAt: NOON + 30 * DAY,
  status: 'online',
  ...over,
});
let deducted = 0;
const deduct = (units: number, over: Partial<BillingRow> = {}): Promise<number> =>
  store.run(recordDeductions, {
    deductions: [
      {
        wallet: 'package',
        taskId: `t-${(deducted += 1)}`,
        at: NOON - DAY,
        before: 0,
        amount: units * MILLION,
        packId: 'p-1',
        product: 'video',
        cashType: null,
        currency: null,
        apiKeyName: 'staging',
        ...over,
      },
    ],
  });
async function read(...packs: Pack[]): Promise<void> {
  await store.run(recordPacks, { packs, at: NOON });
  await store.run(recordRead, { what: 'package', readAt: NOON });
}

describe('pack_nearly_empty', () => {
  const find = (at = NOON) => findAt(store, packNearlyEmpty, at);

  it('fires if the packs of a product last less than three days, and not at three days', async () => {
    // Ten units a day in the last week.
    await deduct(70);
    await read(pack({ remaining: 30 * MILLION }));
    expect(await find()).toEqual([]);
    await read(pack({ remaining: 30 * MILLION - 1 }));
    expect(await find()).toMatchObject([
      {
        labels: { product: 'video' },
        period: 'p-1',
        values: { remaining: 30 * MILLION - 1, perDay: 10 * MILLION, thresholdDays: 3 },
      },
    ]);
  });

  it('does not know before the packs and the ledger were read once', async () => {
    expect(await find()).toBeNull();
    await read();
    expect(await find()).toEqual([]);
  });

  it('counts all packs of the product, and one that begins in time, but none of the other product', async () => {
    await deduct(70);
    const low = pack({ remaining: 20 * MILLION });
    await read(low, pack({ id: 'p-2', name: 'Trial-Image-1000Units', remaining: 900 * MILLION }));
    expect(await find()).toHaveLength(1);
    await read(pack({ id: 'p-3', remaining: 50 * MILLION }));
    expect(await find()).toEqual([]);
    await read(pack({ id: 'p-3', invalidAt: NOON }));
    expect(await find()).toHaveLength(1);
    // Empty in two days: a pack that begins then is in time, one that begins later is not.
    await read(pack({ id: 'p-4', effectiveAt: NOON + 2 * DAY }));
    expect(await find()).toEqual([]);
    await read(pack({ id: 'p-4', effectiveAt: NOON + 2 * DAY + 1 }));
    expect(await find()).toMatchObject([{ period: 'p-4' }]);
  });

  it('says nothing if nothing is deducted, and fires on for a week if packs are gone', async () => {
    await read(pack({ remaining: 0 }));
    expect(await find()).toEqual([]);
    await deduct(70);
    await read(pack({ invalidAt: NOON - 1 }));
    expect(await find()).toMatchObject([{ values: { daysLeft: 0, remaining: 0 } }]);
    expect(await find(NOON + 7 * DAY)).toEqual([]);
  });
});

describe('pack_expires', () => {
  const find = (at: number) => findAt(store, packExpires, at);

  it('fires at the threshold and on the last day with what will be lost, each once', async () => {
    await deduct(70, { at: NOON + 29 * DAY });
    await read(pack({ remaining: 100 * MILLION }));
    expect(await find(NOON + 23 * DAY)).toEqual([]);
    const week = { labels: { pack: 'Video-1000Units-5Con-3Months' }, period: 'p-1/7' };
    expect(await find(NOON + 23 * DAY + 1)).toMatchObject([
      { ...week, values: { remaining: 100 * MILLION, lost: 100 * MILLION, endsAt: NOON + 30 * DAY } },
    ]);
    // Ten units a day are used by then: half a day is left.
    expect(await find(NOON + 29.5 * DAY)).toMatchObject([
      { ...week, values: { lost: 95 * MILLION } },
      { period: 'p-1/1' },
    ]);
    expect(await find(NOON + 30 * DAY)).toEqual([]);
  });

  it('says nothing of a pack that will be used up by then', async () => {
    await deduct(70, { at: NOON + 24 * DAY });
    await read(pack({ remaining: 50 * MILLION }));
    expect(await find(NOON + 25 * DAY)).toEqual([]);
    await read(pack({ remaining: 51 * MILLION }));
    expect(await find(NOON + 25 * DAY)).toMatchObject([{ values: { lost: MILLION } }]);
  });

  it('never loses more than the rest, and loss and use together are never above all packs', () => {
    const one = fc.record({ remaining: fc.nat(1_000), days: fc.integer({ min: 1, max: 90 }) });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 5 }), fc.nat(500), (given, perWeek) => {
        const packs = given.map(({ remaining, days }, index) =>
          pack({
            id: `p-${index}`,
            remaining: remaining * MILLION,
            invalidAt: NOON + days * DAY,
          }),
        );
        const outlook = outlookOf(packs, new Map([['p-0', perWeek * MILLION]]), NOON);
        for (const { lost, remaining } of outlook.packs) {
          expect(lost).toBeGreaterThanOrEqual(0);
          expect(lost).toBeLessThanOrEqual(remaining ?? 0);
        }
        const used = outlook.packs.reduce(
          (sum, { lost, remaining }) => sum + (remaining ?? 0) - (lost ?? 0),
          0,
        );
        const longest = Math.max(0, ...given.map(({ days }) => days));
        expect(used).toBeLessThanOrEqual((perWeek * MILLION * longest) / 7 + packs.length);
      }),
    );
  });
});

describe('foreign_spending', () => {
  const find = (at: number) => findAt(store, foreignSpending, at);
  beforeEach(() => store.run(recordHeartbeat, { runId: 'run', at: NOON - 10 * DAY } as never));

  it('is news once for each day on which others spend, with what they spent on it', async () => {
    await deduct(6, { at: NOON - 2 * HOUR, taskId: 'x-1' });
    await deduct(4, { at: NOON - DAY, taskId: 'x-0' });
    const [found, ...others] = (await find(NOON)) ?? [];
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      labels: {},
      period: '2026-11-18',
      values: { day: '2026-11-18', tasks: 1, examples: 'x-1', keys: 'staging' },
      since: NOON - 2 * HOUR,
    });
    expect(JSON.parse(String(found?.values['sums']))).toEqual([
      { wallet: 'package', product: 'video', currency: null, amount: 6 * MILLION },
    ]);
  });

  it('does not report spending of our own creates, nor spending of the last hour', async () => {
    await admitHold(store, newHold('a', { at: NOON - DAY, credits: 40_000 }));
    await close(store, 'a', { kind: 'done', credits: 40_000, raw: null }, { at: NOON - DAY });
    await deduct(4, { at: NOON - DAY });
    expect(await find(NOON)).toEqual([]);
    await deduct(4, { at: NOON - HOUR });
    expect(await find(NOON)).toEqual([]);
    expect(await find(NOON + 1)).toHaveLength(1);
  });
});

describe('deduction_differs', () => {
  let holds = 0;
  /** Makes creates that were held at 10 credits each, and settled to what Kling reported. */
  async function creates(count: number, deductedCredits: number, over: Parameters<typeof newHold>[1] = {}) {
    for (let i = 0; i < count; i += 1) {
      const id = `d${(holds += 1)}`;
      await admitHold(store, newHold(id, over));
      const end = { kind: 'done', credits: deductedCredits, raw: null } as const;
      await close(store, id, end, { at: over.at ?? NOON });
    }
  }
  const find = (at = NOON) => findAt(store, deductionDiffers, at);

  it('fires above the threshold, not at it, for an operation and model with enough creates', async () => {
    await creates(5, 11_000, { model: 'kling-v1' });
    await creates(4, 20_000, { model: 'kling-v1-6' });
    await creates(5, 11_001, { model: 'kling-v2-6' });
    expect(await find()).toEqual([
      {
        rule: 'deduction_differs',
        labels: { operation: 'text-to-video', model: 'kling-v2-6' },
        period: null,
        values: { creates: 5, heldCredits: 50_000, deductedCredits: 55_005, threshold: 0.1 },
        since: NOON,
      },
    ]);
    expect(await find(NOON + DAY - 1)).toHaveLength(1);
    expect(await find(NOON + DAY)).toEqual([]);
  });

  it('fires below only for holds with an exact price: the others are high on purpose', async () => {
    await creates(5, 5_000, { model: 'kling-v1', basis: 'assumed' });
    expect(await find()).toEqual([]);
    await creates(5, 8_999, { model: 'kling-v1' });
    expect(await find()).toMatchObject([{ values: { creates: 5, deductedCredits: 44_995 } }]);
    await creates(5, 20_000, { model: 'kling-v1', basis: 'assumed' });
    expect(await find()).toMatchObject([{ values: { heldCredits: 100_000, deductedCredits: 125_000 } }]);
  });

  it('compares only amounts that Kling reported: an estimate agrees with itself', async () => {
    for (let i = 0; i < 5; i += 1) {
      await admitHold(store, newHold(`e${i}`));
      await close(store, `e${i}`, { kind: 'done', credits: null, raw: null });
    }
    await creates(4, 20_000);
    expect(await find()).toEqual([]);
    await creates(1, 20_000);
    expect(await find()).toMatchObject([{ values: { creates: 5 } }]);
  });
});

describe('price_stale', () => {
  const readAt = Date.parse(`${pricesReadOn()}T00:00:00Z`);
  const find = (days: number) => findAt(store, priceStale, readAt + days * DAY);

  it('fires when the list is older than 90 days, once a month', async () => {
    expect(pricesReadOn()).toBe('2026-09-20');
    expect(await find(90.999)).toEqual([]);
    expect(await find(91)).toMatchObject([
      { period: '2026-12', values: { readOn: '2026-09-20', ageDays: 91, thresholdDays: 90 } },
    ]);
    expect(await find(110)).toMatchObject([{ period: '2027-01' }]);
  });
});

describe('credentials_refused and clock_wrong', () => {
  const seen = { code: 1002, message: 'Authorization is invalid', since: NOON - HOUR };
  const credentials = (signal: null | 'unknown' | typeof seen) =>
    findAt(store, credentialsRefused, NOON, { signals: { credentials: signal } });
  const clock = (signal: null | 'unknown' | { offsetMs: number | null; since: number }) =>
    findAt(store, clockWrong, NOON, { signals: { clock: signal } });

  it('fire while the process sees it, and are over when it sees that all is well', async () => {
    expect(await credentials(seen)).toEqual([
      {
        rule: 'credentials_refused',
        labels: {},
        period: null,
        values: { code: 1002, message: 'Authorization is invalid' },
        since: NOON - HOUR,
      },
    ]);
    expect(await credentials({ ...seen, message: ' ' })).toMatchObject([{ values: { message: null } }]);
    expect(await credentials(null)).toEqual([]);
    const wrong = { offsetMs: 400_000, since: NOON - 120_000 };
    expect(await clock(wrong)).toMatchObject([{ values: { offsetMs: 400_000 }, since: NOON - 120_000 }]);
    // After a sleep of the machine the clocks are compared again at once.
    expect(await clock({ ...wrong, since: NOON - 119_999 })).toEqual([]);
    expect(await clock(null)).toEqual([]);
  });

  it('do not know after a start until Kling answered, so that a restart ends no alert', async () => {
    expect([await credentials('unknown'), await clock('unknown')]).toEqual([null, null]);
  });
});
