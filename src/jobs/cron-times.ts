/**
 * The instants at which a cron expression is due in a zone, also at changes of daylight saving.
 *
 * Each matching local minute is due once: at its first instant if the clock shows it twice, and at the first instant after
 * the gap if the clock skips it. Several skipped minutes are due together. So an expression of every hour is due once in an
 * hour that comes twice; in UTC no hour does.
 *
 * **Invariant**: pure functions over the zone's calendar. Instants grow with the local minutes that they belong to.
 */
import type { Ms } from '../units.ts';
import { DAY_MS, firstChange, HOUR_MS, localParts, offsetMs } from '../zone.ts';
import { fitsDate, type Cron } from './cron.ts';

const MINUTE_MS = 60_000;
/** Wider than any offset that a zone ever had. */
const OFFSET_MS_MAX = 16 * HOUR_MS;
const WEEK_DAYS = 7;
/** 1970-01-01 was a Thursday. */
const EPOCH_WEEKDAY = 4;
/** The rarest date is a certain weekday on a 29 February: it comes within 40 years. */
const DAYS_SEARCHED = 41 * 366;

/** Gives the first instant after another at which an expression is due; null if none is found in 40 years. */
export function nextDue(cron: Cron, zone: string, after: Ms): Ms | null {
  const first = dayAt(zone, after) - 1;
  for (let day = first; day <= first + DAYS_SEARCHED; day += 1) {
    const found = instantsOf(cron, zone, day).find((instant) => instant > after);
    if (found !== undefined) return found;
  }
  return null;
}

/** Gives the last instant up to another, inclusive, at which an expression was due; null if none is found in 40 years. */
export function lastDue(cron: Cron, zone: string, to: Ms): Ms | null {
  const last = dayAt(zone, to) + 1;
  for (let day = last; day >= last - DAYS_SEARCHED; day -= 1) {
    const found = instantsOf(cron, zone, day).findLast((instant) => instant <= to);
    if (found !== undefined) return found;
  }
  return null;
}

/** Counts the instants at which an expression is due, `after` exclusive, `to` inclusive; stops at `max`. */
export function countDue(cron: Cron, zone: string, span: { after: Ms; to: Ms; max: number }): number {
  let count = 0;
  let previous = span.after;
  const last = dayAt(zone, span.to) + 1;
  for (let day = dayAt(zone, span.after) - 1; day <= last && count < span.max; day += 1) {
    for (const instant of instantsOf(cron, zone, day)) {
      if (instant <= previous || instant > span.to) continue;
      previous = instant;
      count += 1;
    }
  }
  return Math.min(count, span.max);
}

/** Gives the local date of an instant as a number of days since 1970-01-01. */
function dayAt(zone: string, instant: Ms): number {
  const { year, month, day } = localParts(zone, instant);
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/** Lists the instants at which an expression is due by the minutes of one local date, ascending. */
function instantsOf(cron: Cron, zone: string, dayNumber: number): number[] {
  const midnight = dayNumber * DAY_MS;
  const utc = new Date(midnight);
  const weekday = (((dayNumber + EPOCH_WEEKDAY) % WEEK_DAYS) + WEEK_DAYS) % WEEK_DAYS;
  if (!fitsDate(cron, { month: utc.getUTCMonth() + 1, day: utc.getUTCDate(), weekday })) return [];
  const from = midnight - OFFSET_MS_MAX;
  const to = midnight + DAY_MS + OFFSET_MS_MAX;
  const early = offsetMs(zone, from);
  const late = offsetMs(zone, to);
  const shown = cron.minutes.map((minute) => midnight + minute * MINUTE_MS);
  // No zone changes its clock and back within three days.
  if (early === late) return shown.map((minute) => minute - early);
  const change = firstChange(from, to, (instant) => offsetMs(zone, instant) !== early);
  // A minute that the old clock shows before the change counts there; one that neither clock shows is due at the change.
  const instants = shown.map((minute) =>
    minute - early < change ? minute - early : Math.max(change, minute - late),
  );
  return [...new Set(instants)];
}
