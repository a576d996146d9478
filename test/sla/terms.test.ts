import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pack } from '../../src/account/account.ts';
import { recordDeductions, recordPacks } from '../../src/account/account-table.ts';
import { readMonth, readMonthGauges, readWindows } from '../../src/sla/month-table.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { createSlaStore } from './sla-store.ts';
import { ask, newCall, journalled } from './making.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 11, 1);

let store: MemoryStore;
beforeEach(() => (store = createSlaStore()));
afterEach(() => store.close());

const pack = (effectiveAt: number, invalidAt: number, name = 'Video-100Units-5Con-1Months'): Pack => ({
  id: `${name}-${effectiveAt}-${invalidAt}`,
  name,
  kind: 'decreasing_total',
  total: null,
  remaining: null,
  purchasedAt: null,
  effectiveAt,
  invalidAt,
  status: 'online',
});
const none = { source: 'none', terms: [] } as const;
const october = (timeZone = 'Asia/Shanghai') => ({
  ...ask({ month: '2026-10', timeZone, now: NOW, terms: none }),
  hosts: null,
});

describe('terms by packs', () => {
  it('are the days on which some pack could be used, in the zone asked', async () => {
    const span = fc.tuple(
      fc.integer({ min: Date.UTC(2026, 8, 20) / HOUR, max: Date.UTC(2026, 10, 5) / HOUR }),
      fc.integer({ min: 1, max: 45 * 24 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(span, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('Asia/Shanghai', 'UTC', 'Europe/Berlin'),
        async (spans, timeZone) => {
          const own = createSlaStore();
          const packs = spans.map(([from, hours]) => pack(from * HOUR, (from + hours) * HOUR));
          await own.run(recordPacks, { packs, at: 1 });
          const { days, termSource, windows } = await own.run(readMonth, october(timeZone));
          own.close();
          const expected = daysOfOctober(timeZone).filter(({ start, end }) =>
            packs.some(({ effectiveAt, invalidAt }) => effectiveAt < end && invalidAt > start),
          ).length;
          expect([days, termSource]).toEqual(expected === 0 ? [31, 'none'] : [expected, 'packs']);
          expect(windows.divisor).toBe(days * 288);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('hold for the report, its windows and the gauges alike', async () => {
    const start = Date.UTC(2026, 9, 16, 16);
    await store.run(recordPacks, { packs: [pack(start, start + 90 * DAY)], at: 1 });
    await store.run(
      journalCalls,
      journalled([newCall({ at: start - 1, status: 500 }), newCall({ at: start, status: 500 })]),
    );
    const measured = await store.run(readMonth, october());
    expect(measured).toMatchObject({ days: 15, requests: { errors: 1 }, termSource: 'packs' });
    expect(measured.terms).toEqual([
      { from: '2026-10-17', to: '2027-01-14', name: 'Video-100Units-5Con-1Months' },
    ]);
    expect(await store.run(readWindows, october())).toHaveLength(1);
    const [gauge] = await store.run(readMonthGauges, october());
    expect(gauge?.availability).toBe(Number(measured.readings.received.availability) / 100);
  });

  it('give way to those of the config, and to the whole month if the balance paid in it', async () => {
    const start = Date.UTC(2026, 9, 16, 16);
    await store.run(recordPacks, { packs: [pack(start, start + 90 * DAY)], at: 1 });
    const config = { source: 'config', terms: [{ from: '2026-10-30', to: '2026-11-30' }] } as const;
    expect(await store.run(readMonth, { ...october(), terms: config })).toMatchObject({
      days: 2,
      termSource: 'config',
    });
    const cash = {
      wallet: 'balance',
      packId: null,
      product: null,
      cashType: 'balance',
      currency: 'USD',
    } as const;
    const row = { ...cash, taskId: 't', before: 2, amount: 1, apiKeyName: null };
    await store.run(recordDeductions, { deductions: [{ ...row, at: start - 20 * DAY }] });
    expect(await store.run(readMonth, october())).toMatchObject({ days: 15, termSource: 'packs' });
    await store.run(recordDeductions, { deductions: [{ ...row, at: start - DAY }] });
    expect(await store.run(readMonth, october())).toMatchObject({ days: 31, termSource: 'none', terms: [] });
  });
});

/** The days of October 2026 as instants, found by asking the zone's clock at each hour. */
function daysOfOctober(timeZone: string): { start: number; end: number }[] {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  const days = new Map<string, { start: number; end: number }>();
  for (let at = Date.UTC(2026, 8, 30); at < Date.UTC(2026, 10, 2); at += HOUR) {
    const day = format.format(at);
    if (!day.startsWith('2026-10')) continue;
    const known = days.get(day);
    if (known) known.end = at + HOUR;
    else days.set(day, { start: at, end: at + HOUR });
  }
  return [...days.values()];
}
