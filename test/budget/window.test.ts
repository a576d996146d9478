import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowAt } from '../../src/budget/window.ts';
import { localParts } from '../../src/zone.ts';

const ZONES = [
  'UTC',
  'Asia/Shanghai',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'America/St_Johns',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Africa/Cairo',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Apia',
];
const WINDOWS = ['hour', 'day', 'week', 'month'] as const;
const anyZone = fc.constantFrom(...ZONES);
const anyWindow = fc.constantFrom(...WINDOWS);
const anyInstant = fc.integer({ min: Date.UTC(2009, 0, 1), max: Date.UTC(2037, 11, 31) });

/** The end of a window of time, which those asked for here have. */
function endOf(span: { resetsAt: number | null }): number {
  if (span.resetsAt === null) throw new Error('the window never resets');
  return span.resetsAt;
}

const key = (window: (typeof WINDOWS)[number], zone: string, iso: string): string =>
  windowAt(window, zone, Date.parse(iso)).key;

describe('the key of a window', () => {
  it('is the date, the ISO week, the month or the hour of the zone', () => {
    expect(key('day', 'UTC', '2026-11-21T23:59:59.999Z')).toBe('2026-11-21');
    expect(key('day', 'Asia/Shanghai', '2026-11-21T16:00:00Z')).toBe('2026-11-22');
    expect(key('week', 'UTC', '2026-11-21T12:00:00Z')).toBe('2026-W47');
    expect(key('month', 'America/New_York', '2026-12-01T04:59:59Z')).toBe('2026-11');
    expect(key('hour', 'UTC', '2026-11-21T12:34:56.789Z')).toBe('2026-11-21T12:00:00.000Z');
    expect(windowAt('total', 'UTC', 5)).toEqual({ key: 'total', startsAt: 0, resetsAt: null });
  });

  it('is the week of the year that holds the Thursday', () => {
    expect(key('week', 'UTC', '2027-01-03T23:59:59Z')).toBe('2026-W53');
    expect(key('week', 'UTC', '2027-01-04T00:00:00Z')).toBe('2027-W01');
    expect(key('week', 'UTC', '2025-12-29T00:00:00Z')).toBe('2026-W01');
    expect(key('week', 'UTC', '2024-12-29T00:00:00Z')).toBe('2024-W52');
    expect(key('week', 'Asia/Shanghai', '2027-01-03T16:00:00Z')).toBe('2027-W01');
  });

  it('knows leap days and year ends', () => {
    expect(key('day', 'Europe/Berlin', '2028-02-29T12:00:00Z')).toBe('2028-02-29');
    expect(key('day', 'Europe/Berlin', '2026-12-31T23:00:00Z')).toBe('2027-01-01');
    expect(key('month', 'Europe/Berlin', '2026-12-31T22:59:59Z')).toBe('2026-12');
  });
});

describe('an hour', () => {
  it('begins if the zone shows a whole hour, also if that is not one of UTC', () => {
    expect(key('hour', 'Asia/Kolkata', '2026-11-21T12:29:59Z')).toBe('2026-11-21T11:30:00.000Z');
    expect(key('hour', 'Asia/Kathmandu', '2026-11-21T12:15:00Z')).toBe('2026-11-21T12:15:00.000Z');
  });

  it('is another one when autumn repeats it', () => {
    expect(key('hour', 'Europe/Berlin', '2026-10-25T00:30:00Z')).toBe('2026-10-25T00:00:00.000Z');
    expect(key('hour', 'Europe/Berlin', '2026-10-25T01:30:00Z')).toBe('2026-10-25T01:00:00.000Z');
  });

  it('is cut if a zone shifts by half an hour', () => {
    // Lord Howe goes from +11:00 to +10:30 at 15:00 UTC on 2026-04-04, and back at 15:30 UTC on 2026-10-03.
    const autumn = windowAt('hour', 'Australia/Lord_Howe', Date.parse('2026-04-04T15:10:00Z'));
    expect([autumn.key, autumn.resetsAt]).toEqual([
      '2026-04-04T15:00:00.000Z',
      Date.parse('2026-04-04T15:30:00Z'),
    ]);
    const spring = windowAt('hour', 'Australia/Lord_Howe', Date.parse('2026-10-03T15:45:00Z'));
    expect([spring.key, spring.resetsAt]).toEqual([
      '2026-10-03T15:30:00.000Z',
      Date.parse('2026-10-03T16:00:00Z'),
    ]);
  });
});

describe('windows', () => {
  it('hold their instants and follow each other without gap or overlap in every zone', () => {
    fc.assert(
      fc.property(anyWindow, anyZone, anyInstant, (window, zone, instant) => {
        const span = windowAt(window, zone, instant);
        expect(span.startsAt).toBeLessThanOrEqual(instant);
        expect(endOf(span)).toBeGreaterThan(instant);
        expect(windowAt(window, zone, span.startsAt)).toEqual(span);
        expect(windowAt(window, zone, endOf(span) - 1)).toEqual(span);
        const next = windowAt(window, zone, endOf(span));
        expect(next.startsAt).toBe(span.resetsAt);
        expect(next.key > span.key).toBe(true);
        expect(endOf(windowAt(window, zone, span.startsAt - 1))).toBe(span.startsAt);
      }),
      { numRuns: 1200 },
    );
  });

  it('cut the changes of the clock like any other instant', () => {
    const changes = fc.constantFrom(
      ['Europe/Berlin', '2026-03-29T01:00:00Z'],
      ['Europe/Berlin', '2026-10-25T01:00:00Z'],
      ['America/New_York', '2026-03-08T07:00:00Z'],
      ['America/New_York', '2026-11-01T06:00:00Z'],
      ['America/Havana', '2026-03-08T05:00:00Z'],
      ['America/Havana', '2026-11-01T05:00:00Z'],
      ['Africa/Cairo', '2026-04-23T22:00:00Z'],
      ['Africa/Cairo', '2026-10-29T21:00:00Z'],
      ['Asia/Beirut', '2026-03-28T22:00:00Z'],
      ['Asia/Beirut', '2026-10-24T21:00:00Z'],
      ['America/St_Johns', '2010-11-07T02:31:00Z'],
      ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
      ['Pacific/Chatham', '2026-04-04T14:00:00Z'],
      ['Pacific/Apia', '2011-12-30T10:00:00Z'],
    );
    const nearby = fc.integer({ min: -7_200_000, max: 7_200_000 });
    fc.assert(
      fc.property(anyWindow, changes, nearby, (window, [zone = '', at = ''], byMs) => {
        const instant = Date.parse(at) + byMs;
        const span = windowAt(window, zone, instant);
        expect(span.startsAt <= instant && instant < endOf(span)).toBe(true);
        expect(windowAt(window, zone, endOf(span)).startsAt).toBe(span.resetsAt);
        expect(windowAt(window, zone, span.startsAt).key).toBe(span.key);
      }),
      { numRuns: 1500 },
    );
  });

  it('are the same whether or not another one was asked for before', () => {
    const times = [
      Date.UTC(2026, 2, 28, 22, 30),
      Date.UTC(2026, 2, 29, 0, 30),
      Date.UTC(2026, 2, 28, 22, 30),
    ];
    const keys = times.map((at) => windowAt('day', 'Europe/Berlin', at).key);
    expect(keys).toEqual(['2026-03-28', '2026-03-29', '2026-03-28']);
  });

  it('name the local date that their middle shows', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('UTC', 'Asia/Shanghai', 'Europe/Berlin', 'Asia/Kathmandu'),
        anyInstant,
        (zone, at) => {
          const span = windowAt('day', zone, at);
          const { year, month, day } = localParts(zone, (span.startsAt + endOf(span)) / 2);
          expect(span.key).toBe(new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10));
        },
      ),
      { numRuns: 300 },
    );
  });
});
