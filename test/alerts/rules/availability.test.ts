import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { breakerOpen } from '../../../src/alerts/rules/breaker-open.ts';
import { failureRate } from '../../../src/alerts/rules/failure-rate.ts';
import { slaAtRisk } from '../../../src/alerts/rules/sla-at-risk.ts';
import { slaBroken, slaTierWorse } from '../../../src/alerts/rules/sla-broken.ts';
import { upstreamDown } from '../../../src/alerts/rules/upstream-down.ts';
import { addExclusion } from '../../../src/sla/exclusion-table.ts';
import { journalCalls } from '../../../src/sla/journal.ts';
import type { MemoryStore } from '../../ledger/memory-store.ts';
import { newCall, newUnreachable, journalled } from '../../sla/making.ts';
import { createSlaStore } from '../../sla/sla-store.ts';
import { LOOK_CONFIG } from '../making.ts';
import { endedAt, findAt } from './look-at.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The start of a window, in the middle of October in China. */
const NOON = Date.UTC(2026, 9, 15, 4);
const UTC = { config: { sla: { ...LOOK_CONFIG.sla, timeZone: 'UTC' } } };

let store: MemoryStore;
beforeEach(() => (store = createSlaStore()));
afterEach(() => store.close());

/** Journals the calls of one window: `errors` answers of 500, and others of 200. */
async function window(at: number, errors: number, valid: number, own = store): Promise<void> {
  const calls = Array.from({ length: valid }, (_, index) =>
    newCall({ at, status: index < errors ? 500 : 200 }),
  );
  await own.run(journalCalls, journalled(calls));
}

const excluded = (start: number, end: number) =>
  store.run(addExclusion, { start, end, clause: '2.2(i)', source: 's', actor: 'ana', at: NOON });

describe('failure_rate', () => {
  const find = (at: number, asked = {}) => findAt(store, failureRate, at, asked);
  const BAD = [NOON - 10 * MINUTE, NOON - 5 * MINUTE];

  it('fires above 5 % in each of the two last windows that are over, since the first bad one', async () => {
    await window(NOON - 15 * MINUTE, 1, 10);
    await window(NOON - 10 * MINUTE, 2, 20);
    await window(NOON - 5 * MINUTE, 3, 40);
    await window(NOON, 0, 100);
    const values = { share: 0.075, shareBefore: 0.1, threshold: 0.05, errors: 3, valid: 40 };
    expect(await find(NOON + MINUTE)).toEqual([
      {
        rule: 'failure_rate',
        labels: {},
        period: null,
        values: { ...values, windowStart: NOON - 5 * MINUTE },
        since: NOON - 15 * MINUTE,
      },
    ]);
    // One bad window is over, and the one before it had no requests.
    expect(await find(NOON - 10 * MINUTE)).toBeNull();
    // The next window is over, and well.
    expect(await find(NOON + 5 * MINUTE)).toEqual([]);
  });

  it('does not fire at exactly the threshold, for any threshold', async () => {
    const border = fc.record({
      percent: fc.integer({ min: 1, max: 99 }),
      times: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(border, async ({ percent, times }) => {
        const own = createSlaStore();
        const rules = { failure_rate: { threshold: percent / 100 } };
        for (const at of BAD) await window(at, percent * times, 100 * times, own);
        const atBorder = await findAt(own, failureRate, NOON, { rules });
        for (const at of BAD) await window(at, 1, 1, own);
        const above = await findAt(own, failureRate, NOON, { rules });
        own.close();
        expect([atBorder, above?.length]).toEqual([[], 1]);
      }),
      { numRuns: 15 },
    );
  });

  it('knows nothing of windows with fewer than ten valid requests', async () => {
    await window(NOON - 10 * MINUTE, 9, 9);
    await window(NOON - 5 * MINUTE, 10, 10);
    expect(await find(NOON)).toBeNull();
    await window(NOON - 10 * MINUTE, 0, 1);
    expect(await find(NOON)).toHaveLength(1);
    await window(NOON, 1, 9);
    expect(await find(NOON + 5 * MINUTE)).toBeNull();
  });

  it('leaves out requests that never arrived by nobody’s fault, and excluded ones', async () => {
    for (const at of BAD) {
      await window(at, 0, 10);
      await store.run(journalCalls, journalled([newUnreachable({ at }), newUnreachable({ at })]));
    }
    expect(await find(NOON)).toEqual([]);
    for (const at of BAD) await window(at, 5, 10);
    expect(await find(NOON)).toHaveLength(1);
    await excluded(NOON - HOUR, NOON);
    expect(await find(NOON)).toEqual([]);
  });

  it('ends after an hour of windows without a result', async () => {
    const key = { rule: 'failure_rate', labels: {}, period: null } as const;
    const open = [{ ...key, values: {}, startedAt: NOON - HOUR }];
    await window(NOON - 5 * MINUTE, 10, 10);
    expect(await endedAt(store, failureRate, NOON, open)).toEqual([]);
    expect(await endedAt(store, failureRate, NOON + HOUR - 1, open)).toEqual([]);
    expect(await endedAt(store, failureRate, NOON + HOUR, open)).toMatchObject([
      { ...key, values: { isQuiet: true } },
    ]);
  });
});

describe('breaker_open', () => {
  const open = { isOpen: true, failures: 7, since: NOON, cause: 'HTTP 503' };
  const find = (breaker: Partial<typeof open>, at: number, threshold?: number) =>
    findAt(store, breakerOpen, at, {
      signals: { breaker: { ...open, ...breaker } },
      ...(threshold !== undefined && { rules: { breaker_open: { threshold } } }),
    });

  it('fires once creates have failed for a minute and the breaker is open, and is over when it closes', async () => {
    expect(await find({}, NOON + MINUTE - 1)).toEqual([]);
    expect(await find({ isOpen: false }, NOON + HOUR)).toEqual([]);
    expect(await find({}, NOON + MINUTE)).toEqual([
      {
        rule: 'breaker_open',
        labels: {},
        period: null,
        values: { failures: 7, cause: 'HTTP 503' },
        since: NOON,
      },
    ]);
    expect(await find({}, NOON + 5 * MINUTE, 10)).toEqual([]);
  });
});

describe('upstream_down', () => {
  const find = (upstreamDownNow: object | null | 'unknown', at: number) =>
    findAt(store, upstreamDown, at, { signals: { upstreamDown: upstreamDownNow as never } });
  const failing = (failures: number) => ({ failures, since: NOON, cause: 'connect ECONNREFUSED' });

  it('fires after five failed attempts in a row that go back a minute, and ends with one that is well', async () => {
    expect(await find(failing(5), NOON + MINUTE - 1)).toEqual([]);
    expect(await find(failing(4), NOON + HOUR)).toEqual([]);
    expect(await find(failing(5), NOON + MINUTE)).toEqual([
      {
        rule: 'upstream_down',
        labels: {},
        period: null,
        values: { failures: 5, cause: 'connect ECONNREFUSED' },
        since: NOON,
      },
    ]);
    expect(await find(null, NOON + HOUR)).toEqual([]);
  });

  it('knows nothing before the first attempt of a run', async () => {
    expect(await find('unknown', NOON)).toBeNull();
  });
});

describe('sla_at_risk', () => {
  const find = (at: number, asked = {}) => findAt(store, slaAtRisk, at, { ...UTC, ...asked });

  it('fires once a month when half of the error budget is used, and not below', async () => {
    // 8.928 windows may fail in 31 days: 4.464 is half of them. They lie back more than six hours.
    for (let index = 0; index < 4; index += 1) await window(NOON - (20 + index) * HOUR, 1, 1);
    await window(NOON - 25 * HOUR, 463, 1000);
    expect(await find(NOON)).toEqual([]);
    await window(NOON - 26 * HOUR, 1, 1000);
    const values = { month: '2026-10', usedWindows: 4.464, allowedWindows: 8.928, share: 0.5 };
    expect(await find(NOON)).toMatchObject([
      {
        labels: { cause: 'used' },
        period: '2026-10',
        values: { ...values, commitment: '99.90', availability: '99.950000' },
      },
    ]);
    expect(await find(NOON, { rules: { sla_at_risk: { threshold: 0.51 } } })).toEqual([]);
  });

  it('fires once a day while errors go on at a pace that breaks the month before it ends', async () => {
    for (let back = 1; back <= 72; back += 1) await window(NOON - back * 5 * MINUTE, 1, 100);
    const found = await find(NOON);
    expect(found).toMatchObject([{ labels: { cause: 'burn' }, period: '2026-10-15' }]);
    // 8.208 windows are left and 0.01 burns in each.
    expect(found?.[0]?.values['breaksInMs']).toBeCloseTo(820.8 * 5 * MINUTE, 3);
    // An hour without errors is no burn any more.
    for (let next = 0; next < 12; next += 1) await window(NOON + next * 5 * MINUTE, 0, 1);
    expect(await find(NOON + HOUR)).toEqual([]);
  });

  it('does not fire for one bad request in the first minutes of a month', async () => {
    const first = Date.UTC(2026, 9, 1);
    await window(first, 1, 3);
    expect(await find(first + 10 * MINUTE)).toEqual([]);
  });

  it('leaves a month that is broken to that alert, and finds nothing if nothing is recorded', async () => {
    expect(await find(NOON)).toEqual([]);
    for (let index = 1; index <= 9; index += 1) await window(NOON - index * 5 * MINUTE, 1, 1);
    expect(await find(NOON)).toEqual([]);
    expect(await findAt(store, slaBroken, NOON, UTC)).toHaveLength(1);
  });
});

describe('sla_broken and sla_tier_worse', () => {
  const both = async (at: number) => {
    const [broken, worse] = [
      await findAt(store, slaBroken, at, UTC),
      await findAt(store, slaTierWorse, at, UTC),
    ];
    const found = [...(broken ?? []), ...(worse ?? [])];
    return found.map(({ rule, period, values }) => [rule, period, values['percent']]);
  };

  it('fire below 99.90 % and not at it, once a month, and once for each tier that is worse', async () => {
    for (let index = 0; index < 8; index += 1) await window(NOON + index * 5 * MINUTE, 1, 1);
    await window(NOON - HOUR, 928, 1000);
    expect(await both(NOON + HOUR)).toEqual([]);
    await window(NOON - 2 * HOUR, 1, 1000);
    expect(await both(NOON + HOUR)).toEqual([['sla_broken', '2026-10', 10]]);
    for (let index = 0; index < 81; index += 1) await window(NOON + DAY + index * 5 * MINUTE, 1, 1);
    expect(await both(NOON + 2 * DAY)).toEqual([
      ['sla_broken', '2026-10', 25],
      ['sla_tier_worse', '2026-10/25', 25],
    ]);
  });

  it('are over when errors were excluded', async () => {
    for (let index = 0; index < 9; index += 1) await window(NOON + index * 5 * MINUTE, 1, 1);
    expect(await both(NOON + HOUR)).toEqual([['sla_broken', '2026-10', 10]]);
    await excluded(NOON, NOON + 5 * MINUTE);
    expect(await both(NOON + HOUR)).toEqual([]);
  });

  it('speak of the month of the agreement’s zone, and end with it', async () => {
    const midnight = Date.UTC(2026, 9, 31, 16);
    for (let index = 1; index <= 9; index += 1) await window(midnight - index * 5 * MINUTE, 1, 1);
    const periods = async (at: number) => (await findAt(store, slaBroken, at))?.map(({ period }) => period);
    expect(await periods(midnight - 1)).toEqual(['2026-10']);
    expect(await periods(midnight)).toEqual([]);
  });
});
