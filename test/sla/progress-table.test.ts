import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { journalCalls } from '../../src/sla/journal.ts';
import { readMonth } from '../../src/sla/month-table.ts';
import { readMonthProgress, readWindowRates } from '../../src/sla/progress-table.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { ask, newCall, journalled } from './making.ts';
import { createSlaStore } from './sla-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2026, 9, 5, 12);

let store: MemoryStore;
beforeEach(() => (store = createSlaStore()));
afterEach(() => store.close());

/** Journals calls of one window: `errors` answers of 500, and others of 200. */
const window = (at: number, errors: number, valid: number) =>
  store.run(
    journalCalls,
    journalled(
      Array.from({ length: valid }, (_, index) => newCall({ at, status: index < errors ? 500 : 200 })),
    ),
  );

describe('how a month goes', () => {
  it('is what its report says, for any calls of a running month', async () => {
    const windows = fc.array(
      fc.record({
        at: fc.integer({ min: -600, max: 0 }),
        errors: fc.nat(5),
        valid: fc.integer({ min: 1, max: 5 }),
      }),
      { maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(windows, fc.constantFrom('UTC', 'Asia/Shanghai'), async (made, timeZone) => {
        const own = createSlaStore();
        for (const { at, errors, valid } of made) {
          const calls = Array.from({ length: valid }, (_, index) =>
            newCall({ at: NOON + at * MINUTE, status: index < errors ? 500 : 200 }),
          );
          await own.run(journalCalls, journalled(calls));
        }
        const question = ask({ now: NOON, timeZone });
        const month = await own.run(readMonth, question);
        const progress = await own.run(readMonthProgress, question);
        own.close();
        expect(progress).toMatchObject({
          month: '2026-10',
          recorded: month.recorded,
          commitment: month.commitment,
          tierPercents: [10, 25, 50],
          received: month.readings.received,
          contract: month.readings.contract,
          windowsLeft: month.windows.total - month.windows.elapsed,
        });
        if (month.recorded) expect(progress.budget).toEqual(month.live?.budget);
      }),
      { numRuns: 30 },
    );
  });

  it('gives the burn of the windows that ended in the last hour and the last six', async () => {
    await window(NOON, 1, 1);
    await window(NOON - 5 * MINUTE, 1, 2);
    await window(NOON - HOUR, 1, 4);
    await window(NOON - HOUR - 5 * MINUTE, 1, 10);
    await window(NOON - 6 * HOUR, 1, 5);
    await window(NOON - 6 * HOUR - 5 * MINUTE, 1, 1);
    const { burnt } = await store.run(readMonthProgress, ask({ now: NOON + 2 * MINUTE }));
    expect(burnt).toEqual({ lastHour: 0.75, lastSixHours: 1.05 });
  });

  it('says of a month without any record that nothing is known', async () => {
    const progress = await store.run(readMonthProgress, ask({ now: NOON }));
    expect([progress.recorded, progress.contract.availability]).toEqual([false, null]);
  });
});

it('the rates of a span are those of its windows with traffic, oldest first', async () => {
  await window(NOON, 1, 3);
  await window(NOON - 10 * MINUTE, 0, 2);
  await window(NOON + 5 * MINUTE, 1, 1);
  expect(await store.run(readWindowRates, { from: NOON - 10 * MINUTE, to: NOON + 5 * MINUTE })).toEqual([
    { windowStart: NOON - 10 * MINUTE, errors: 0, valid: 2 },
    { windowStart: NOON, errors: 1, valid: 3 },
  ]);
});
