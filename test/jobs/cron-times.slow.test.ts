import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCron, parseCron, type Cron } from '../../src/jobs/cron.ts';
import { countDue, lastDue, nextDue } from '../../src/jobs/cron-times.ts';
import { offsetSpans } from '../../src/zone.ts';
import { cronTexts, nightlyTexts } from './cron-texts.ts';
import { dueByWalking } from './every-minute.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const FROM = Date.UTC(1986, 0, 1);
const TO = Date.UTC(2046, 0, 1);
/** `CRON_RUNS=2000` looks longer. */
const RUNS = Number(process.env['CRON_RUNS'] ?? 20);
const MAX = 100_000;
/** Instants that are found one after the other in one go. */
const STEPS_MAX = 100;
const texts = fc.oneof(nightlyTexts, cronTexts);

/** Shanghai changed its clock until 1991, Lord Howe changes it by half an hour, Apia left a day out in 2011. */
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Shanghai',
  'Pacific/Apia',
  'America/Sao_Paulo',
  'Africa/Casablanca',
];

function cronOf(text: string): Cron {
  const cron = parseCron(text);
  if (!isCron(cron)) throw new Error(`${text}: ${cron.allowed}`);
  return cron;
}

/** Instants at which a zone's clock was or will be changed. */
const changesOf = (zone: string): number[] => offsetSpans(zone, FROM, TO).map(({ to }) => to);

/** A day and a half, mostly around a change of the clock. */
function spans(zone: string): fc.Arbitrary<{ from: number; to: number }> {
  const changes = changesOf(zone).slice(0, -1);
  const anywhere = fc.integer({ min: FROM / MINUTE, max: TO / MINUTE }).map((minute) => minute * MINUTE);
  const near = fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -1440, max: 180 }))
    .map(([change, minutes]) => Math.floor(change / MINUTE) * MINUTE + minutes * MINUTE);
  const from = fc.oneof({ weight: 5, arbitrary: near }, { weight: 1, arbitrary: anywhere });
  return from.map((start) => ({ from: start, to: start + 1.5 * DAY }));
}

/** Goes from one instant to the next, `from` exclusive and `to` inclusive, `max` times at most. */
function dueOneByOne(
  cron: Cron,
  zone: string,
  { from, to, max = 1000 }: { from: number; to: number; max?: number },
): number[] {
  const due: number[] = [];
  for (let at = nextDue(cron, zone, from); at !== null && at <= to; at = nextDue(cron, zone, at)) {
    due.push(at);
    if (due.length === max) break;
  }
  return due;
}

describe.each(ZONES)('in %s', (zone) => {
  it('is due when a clock that is looked at every minute shows its time first, and after gaps that hold it', () => {
    fc.assert(
      fc.property(texts, spans(zone), fc.nat(99), (text, { from, to }, share) => {
        const cron = cronOf(text);
        const walked = dueByWalking(text, zone, from + MINUTE, to);
        // Where it is due every minute, a hundred minutes from somewhere show as much as all of them.
        const start = walked[Math.floor((share * walked.length) / 100)] ?? from;
        const after = walked.length > STEPS_MAX ? start : from;
        const steps = walked.filter((at) => at > after).slice(0, STEPS_MAX);
        expect(dueOneByOne(cron, zone, { from: after, to, max: STEPS_MAX })).toEqual(steps);
        expect(countDue(cron, zone, { after: from, to, max: MAX })).toBe(walked.length);
        const last = lastDue(cron, zone, to);
        if (walked.length > 0) expect(last).toBe(walked.at(-1));
        else expect(last === null || last <= from).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('comes once on each day, at any change of the clock', () => {
    const times = fc.tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 23 }));
    fc.assert(
      fc.property(times, fc.integer({ min: 1986, max: 2044 }), ([minute, hour], year) => {
        const cron = cronOf(`${minute} ${hour} * * *`);
        const from = Date.UTC(year, 0, 3);
        const due = dueOneByOne(cron, zone, { from, to: from + 400 * DAY });
        // A day that a zone leaves out is due with the next one.
        const longest = Math.max(...due.slice(1).map((at, index) => at - (due[index] ?? 0)));
        expect(longest).toBeLessThanOrEqual(25 * 3_600_000);
        expect(due.length).toBeGreaterThanOrEqual(399);
        expect(due.length).toBeLessThanOrEqual(401);
        expect(countDue(cron, zone, { after: from, to: from + 400 * DAY, max: MAX })).toBe(due.length);
      }),
      { numRuns: 3 },
    );
  });
});

describe('by hand', () => {
  /** Lists what is due within 20 hours after an instant. */
  const due = (text: string, zone: string, after: string): string[] => {
    const from = Date.parse(`${after}:00Z`);
    return dueOneByOne(cronOf(text), zone, { from, to: from + 20 * 3_600_000 }).map((at) =>
      new Date(at).toISOString().slice(0, 16),
    );
  };

  it('half past two in Berlin is three o’clock on the day that has none, and comes once if it is shown twice', () => {
    expect(due('30 2 * * *', 'Europe/Berlin', '2027-03-27T22:00')).toEqual(['2027-03-28T01:00']);
    expect(due('30 2 * * *', 'Europe/Berlin', '2027-10-30T22:00')).toEqual(['2027-10-31T00:30']);
    expect(due('0 3 * * *', 'Europe/Berlin', '2027-03-27T22:00')).toEqual(['2027-03-28T01:00']);
    // Both would be at one instant: it runs once.
    expect(due('0,30 2,3 * * *', 'Europe/Berlin', '2027-03-27T22:00')).toEqual([
      '2027-03-28T01:00',
      '2027-03-28T01:30',
    ]);
  });

  it('knows half-hour changes of Lord Howe', () => {
    // On 3 October 2027 the clock goes from 2:00 to 2:30, on 4 April from 2:00 back to 1:30.
    expect(due('15 2 * * *', 'Australia/Lord_Howe', '2027-10-02T12:00')).toEqual(['2027-10-02T15:30']);
    expect(due('45 1 * * *', 'Australia/Lord_Howe', '2027-04-03T12:00')).toEqual(['2027-04-03T14:45']);
  });

  it('runs the jobs of the day that Apia left out when the next one begins', () => {
    // 30 December 2011 did not exist there: the 31st began at 10:00 UTC on the 30th.
    expect(due('0 9 30 12 *', 'Pacific/Apia', '2011-12-29T22:00')).toEqual(['2011-12-30T10:00']);
  });

  it('finds a leap day, and the rarest weekday of one', () => {
    expect(nextDue(cronOf('0 0 29 2 *'), 'UTC', Date.UTC(2096, 2, 1))).toBe(Date.UTC(2104, 1, 29));
    expect(nextDue(cronOf('0 0 */28 2 1'), 'UTC', Date.UTC(2026, 11, 1))).toBe(Date.UTC(2027, 1, 1));
    expect(lastDue(cronOf('0 0 29 2 *'), 'UTC', Date.UTC(2104, 1, 28))).toBe(Date.UTC(2096, 1, 29));
  });

  it('counts up to a limit', () => {
    const year = { after: Date.UTC(2026, 0, 1), to: Date.UTC(2027, 0, 1) };
    expect(countDue(cronOf('* * * * *'), 'UTC', { ...year, max: 1000 })).toBe(1000);
    expect(countDue(cronOf('0 * * * *'), 'UTC', { ...year, max: MAX })).toBe(365 * 24);
    expect(countDue(cronOf('0 * * * *'), 'UTC', { after: year.to, to: year.after, max: MAX })).toBe(0);
  });
});
