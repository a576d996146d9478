/**
 * Every reading against the reference over random histories. `SLA_HISTORIES=100000` runs as many; CI runs 5,000.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { READING_NAMES } from '../../src/sla/reading.ts';
import { measureMonth } from '../../src/sla/month.ts';
import { mergeSpans } from '../../src/sla/window.ts';
import { ask, newCall, slicesOf } from './making.ts';
import { refer, referDays, referPercent, referTier, type LoggedRequest } from './reference.ts';

const HISTORIES = Number(process.env['SLA_HISTORIES'] ?? 5000);
const DAY = 86_400_000;

/** Zones with and without daylight saving, at quarters of an hour, and one that changes at midnight. */
const ZONES = [
  'UTC',
  'Asia/Shanghai',
  'America/New_York',
  'Europe/Berlin',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Pacific/Auckland',
];
const MONTHS = ['2026-02', '2026-03', '2026-04', '2026-09', '2026-10', '2026-11', '2024-02'];
const TERMS = [null, { from: '2026-03-17', to: '2026-06-16' }, { from: '2026-10-05', to: '2026-10-07' }];

const days = new Map<string, ReturnType<typeof referDays>>();
function daysOf(month: string, zone: string, term: (typeof TERMS)[number]): ReturnType<typeof referDays> {
  const key = `${month} ${zone} ${term?.from ?? ''}`;
  const known = days.get(key) ?? referDays(month, zone, term);
  days.set(key, known);
  return known;
}

/** Instants near borders more often than not: of the month, of days, of windows. */
const instant = (start: number, end: number) =>
  fc.oneof(
    fc.integer({ min: start - DAY, max: end + DAY }),
    fc
      .tuple(fc.constantFrom(start, end, start + DAY, end - DAY), fc.integer({ min: -1, max: 1 }))
      .map(([border, off]) => border + off),
    fc
      .tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom(-1, 0, 1, 299_999))
      .map(([window, off]) => start + window * 300_000 + off),
  );

const request = (start: number, end: number): fc.Arbitrary<LoggedRequest> =>
  fc
    .record({
      at: instant(start, end),
      kind: fc.constantFrom(
        200,
        200,
        200,
        400,
        429,
        500,
        503,
        504,
        599,
        'upstream',
        'local',
        'unknown',
        null,
      ),
      code: fc.constantFrom(null, 5000, 5001),
      own: fc.boolean(),
      attempt: fc.constantFrom(1, 1, 2, 3),
    })
    .map(({ at, kind, code, own, attempt }) => ({
      at,
      status: typeof kind === 'number' ? kind : null,
      code: typeof kind === 'number' ? code : null,
      fault: typeof kind === 'string' ? (kind as 'upstream' | 'local' | 'unknown') : null,
      own,
      attempt,
    }));

/** Windows in a row in which some of the requests fail: what brings a month down by tiers. */
const outage = (start: number, end: number): fc.Arbitrary<LoggedRequest[]> =>
  fc
    .record({
      from: instant(start, end),
      windows: fc.constantFrom(1, 3, 8, 9, 40, 90, 450),
      failed: fc.integer({ min: 1, max: 3 }),
      fine: fc.integer({ min: 0, max: 3 }),
    })
    .map(({ from, windows, failed, fine }) =>
      Array.from({ length: windows * (failed + fine) }, (_, index) => ({
        at: from + Math.floor(index / (failed + fine)) * 300_000,
        status: index % (failed + fine) < failed ? 500 : 200,
        code: null,
        fault: null,
        own: false,
        attempt: 1,
      })),
    );

const history = fc
  .record({
    month: fc.constantFrom(...MONTHS),
    timeZone: fc.constantFrom(...ZONES),
    term: fc.constantFrom(...TERMS),
  })
  .chain((setting) => {
    const start = Date.parse(`${setting.month}-01T00:00:00Z`);
    const end = start + 30 * DAY;
    const exclusion = fc
      .tuple(instant(start, end), fc.integer({ min: 1, max: 2_000_000 }))
      .map(([from, length]) => ({ start: from, end: from + length }));
    return fc.record({
      setting: fc.constant(setting),
      log: fc.array(request(start, end), { maxLength: 60, size: 'max' }),
      outage: fc.option(outage(start, end), { freq: 3 }),
      exclusions: fc.array(exclusion, { maxLength: 3 }),
    });
  });

/** Says the request as the journal does. */
function toCounted(one: LoggedRequest) {
  const call = newCall({
    at: one.at,
    status: one.status,
    code: one.code,
    attempt: one.attempt,
    origin: one.own ? 'sidecar' : 'app',
    ...(one.status === null && one.fault !== null && { outcome: 'unreachable' as const }),
  });
  return { call, blame: one.fault };
}

describe('availability', () => {
  it(
    `equals the reference in every reading over ${HISTORIES} random histories`,
    () => {
      let checked = 0;
      const tiers = new Set<number>();
      fc.assert(
        fc.property(history, ({ setting, log: scattered, outage: run, exclusions }) => {
          const log = [...scattered, ...(run ?? [])];
          const { month, timeZone, term } = setting;
          const terms = { source: 'config' as const, terms: term ? [term] : [] };
          const measured = measureMonth(ask({ month, timeZone, terms }), {
            slices: slicesOf(log.map(toCounted), mergeSpans(exclusions)),
            // A month in which no sidecar ran and nothing was logged has no availability.
            runs: [{ start: 0, end: Date.UTC(2027, 0, 1) }],
            exclusions: [],
          });
          const reference = { days: daysOf(month, timeZone, term), exclusions };
          expect(measured.days).toBe(reference.days.length);
          for (const name of READING_NAMES) {
            const expected = refer(log, reference, name);
            const reading = measured.readings[name];
            expect([reading.errors, reading.valid, reading.windows]).toEqual([
              expected.errors,
              expected.valid,
              expected.windows,
            ]);
            expect(reading.availability).toBe(referPercent(expected));
            expect(reading.compensationPercent).toBe(referTier(expected));
          }
          checked += 1;
          tiers.add(measured.compensationPercent);
        }),
        { numRuns: HISTORIES },
      );
      expect(checked).toBe(HISTORIES);
      expect([...tiers].sort((a, b) => a - b)).toEqual([0, 10, 25, 50]);
    },
    HISTORIES * 20 + 30_000,
  );
});
