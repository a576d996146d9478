import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DAY_MS,
  dateAfter,
  dateOf,
  isZone,
  localParts,
  monthBounds,
  offsetMs,
  offsetSpans,
  startOfDate,
  weekdayOf,
} from '../../src/zone.ts';

/** Zones with whole, half and quarter hours, with changes at midnight, over midnight, and of half an hour. */
export const ZONES = [
  'UTC',
  'Asia/Shanghai',
  'Europe/Berlin',
  'Europe/London',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'America/St_Johns',
  'America/Santiago',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Beirut',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Apia',
];

const anyZone = fc.constantFrom(...ZONES);
const anyInstant = fc.integer({ min: Date.UTC(1987, 0, 1), max: Date.UTC(2037, 11, 31) });

const start = (zone: string, year: number, month: number, day: number): string =>
  new Date(startOfDate(zone, { year, month, day })).toISOString();

describe('dates of a zone', () => {
  it('begin at local midnight', () => {
    expect(start('UTC', 2026, 11, 21)).toBe('2026-11-21T00:00:00.000Z');
    expect(start('Asia/Shanghai', 2026, 11, 21)).toBe('2026-11-20T16:00:00.000Z');
    expect(start('Asia/Kathmandu', 2026, 11, 21)).toBe('2026-11-20T18:15:00.000Z');
    expect(start('America/New_York', 2026, 7, 4)).toBe('2026-07-04T04:00:00.000Z');
    expect(start('America/New_York', 2026, 12, 4)).toBe('2026-12-04T05:00:00.000Z');
  });

  it('begin after the gap if midnight does not exist', () => {
    // Cairo puts the clock from 00:00 to 01:00 on 2026-04-24; Sao Paulo did on 2018-11-04; Beirut on 2026-03-29.
    expect(start('Africa/Cairo', 2026, 4, 24)).toBe('2026-04-23T22:00:00.000Z');
    expect(
      localParts('Africa/Cairo', startOfDate('Africa/Cairo', { year: 2026, month: 4, day: 24 })).hour,
    ).toBe(1);
    expect(start('America/Sao_Paulo', 2018, 11, 4)).toBe('2018-11-04T03:00:00.000Z');
    expect(start('Asia/Beirut', 2026, 3, 29)).toBe('2026-03-28T22:00:00.000Z');
  });

  it('begin once if the clock goes back over midnight', () => {
    // St. John's went back at 00:01 to 23:01 of the day before until 2011 (tz database, northamerica).
    const first = startOfDate('America/St_Johns', { year: 2010, month: 11, day: 7 });
    expect(new Date(first).toISOString()).toBe('2010-11-07T02:30:00.000Z');
    const again = first + 30 * 60_000;
    expect(localParts('America/St_Johns', again)).toMatchObject({ day: 6, hour: 23 });
    expect(dateOf('America/St_Johns', again)).toEqual({ year: 2010, month: 11, day: 7 });
  });

  it('leave out a day that a zone left out', () => {
    // Samoa had no 30 December 2011.
    expect(start('Pacific/Apia', 2011, 12, 30)).toBe('2011-12-30T10:00:00.000Z');
    expect(start('Pacific/Apia', 2011, 12, 31)).toBe('2011-12-30T10:00:00.000Z');
    expect(dateOf('Pacific/Apia', Date.UTC(2011, 11, 30, 9, 59))).toEqual({ year: 2011, month: 12, day: 29 });
    expect(dateOf('Pacific/Apia', Date.UTC(2011, 11, 30, 10))).toEqual({ year: 2011, month: 12, day: 31 });
  });

  it('hold every instant exactly once, at any change of the zone', () => {
    fc.assert(
      fc.property(anyZone, anyInstant, (zone, instant) => {
        const date = dateOf(zone, instant);
        expect(startOfDate(zone, date)).toBeLessThanOrEqual(instant);
        expect(startOfDate(zone, dateAfter(date, 1))).toBeGreaterThan(instant);
        const length = startOfDate(zone, dateAfter(date, 1)) - startOfDate(zone, date);
        expect(Math.abs(length - DAY_MS)).toBeLessThanOrEqual(zone === 'Pacific/Apia' ? DAY_MS : 3_600_000);
      }),
      { numRuns: 1500 },
    );
  });

  it('never begin later than the same date one day before in time', () => {
    fc.assert(
      fc.property(anyZone, anyInstant, (zone, instant) => {
        const first = startOfDate(zone, dateOf(zone, instant));
        const before = localParts(zone, first - 1);
        const after = localParts(zone, first);
        const shown = (parts: typeof before): number => Date.UTC(parts.year, parts.month - 1, parts.day);
        expect(shown(before)).toBeLessThan(shown(after));
      }),
      { numRuns: 500 },
    );
  });
});

describe('zones', () => {
  it('are known by their IANA names only', () => {
    for (const zone of ZONES) expect(isZone(zone)).toBe(true);
    for (const name of ['', '+08:00', 'Asia/Shangai', 'utc+8', 'Europe/Berlin ', '8', 'Asia/Shanghai\n']) {
      expect(isZone(name), name).toBe(false);
    }
  });

  it('have offsets with halves and quarters of an hour, east positive', () => {
    const winter = Date.UTC(2026, 0, 15);
    expect(offsetMs('Asia/Kathmandu', winter)).toBe(5.75 * 3_600_000);
    expect(offsetMs('America/St_Johns', winter)).toBe(-3.5 * 3_600_000);
    expect(offsetMs('America/New_York', winter + 1)).toBe(-5 * 3_600_000);
    expect(offsetMs('UTC', -1)).toBe(0);
  });

  it('have months with leap days and year ends', () => {
    const days = (zone: string, year: number, month: number): number => {
      const { start: from, end } = monthBounds(zone, year, month);
      return (end - from) / DAY_MS;
    };
    expect(days('Asia/Shanghai', 2028, 2)).toBe(29);
    expect(days('Asia/Shanghai', 2026, 2)).toBe(28);
    expect(days('Asia/Shanghai', 2026, 12)).toBe(31);
    expect(monthBounds('Asia/Shanghai', 2026, 12).end).toBe(Date.UTC(2026, 11, 31, 16));
    expect(days('Europe/Berlin', 2026, 3)).toBe(31 - 1 / 24);
    expect(days('Europe/Berlin', 2026, 10)).toBe(31 + 1 / 24);
  });

  it('count weekdays from Monday', () => {
    expect(weekdayOf({ year: 2026, month: 11, day: 16 })).toBe(1);
    expect(weekdayOf({ year: 2026, month: 11, day: 22 })).toBe(7);
    expect(dateAfter({ year: 2028, month: 2, day: 28 }, 1)).toEqual({ year: 2028, month: 2, day: 29 });
    expect(dateAfter({ year: 2026, month: 12, day: 31 }, 1)).toEqual({ year: 2027, month: 1, day: 1 });
  });
});

describe('stretches with one distance from UTC', () => {
  const year = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2027, 0, 1) };

  it('end where the zone changes its clock, and touch each other', () => {
    expect(offsetSpans('Europe/Berlin', year.from, year.to)).toEqual([
      { from: year.from, to: Date.UTC(2026, 2, 29, 1), offsetMs: 3_600_000 },
      { from: Date.UTC(2026, 2, 29, 1), to: Date.UTC(2026, 9, 25, 1), offsetMs: 7_200_000 },
      { from: Date.UTC(2026, 9, 25, 1), to: year.to, offsetMs: 3_600_000 },
    ]);
    for (const zone of ['UTC', 'Asia/Shanghai', 'Asia/Kathmandu']) {
      expect(offsetSpans(zone, year.from, year.to), zone).toHaveLength(1);
    }
    expect(offsetSpans('UTC', 5, 5)).toEqual([]);
  });

  it('have the zone’s own offset all through, in every zone that changes', () => {
    for (const zone of [
      'America/New_York',
      'Africa/Casablanca',
      'Australia/Lord_Howe',
      'America/Santiago',
      'Asia/Gaza',
    ]) {
      for (const { from, to, offsetMs: offset } of offsetSpans(zone, year.from, year.to)) {
        for (let at = from; at < to; at += 3_600_000) expect(offsetMs(zone, at), zone).toBe(offset);
      }
    }
  });
});
