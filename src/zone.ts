/**
 * Calendars of IANA time zones: local dates of instants, and the instants at which local dates begin.
 *
 * **Invariant**: pure functions over the zone data that Node ships; nothing here reads the present time. A date never
 * begins twice: if a zone turns its clock back over midnight, the date's first beginning counts. If midnight
 * does not exist (a change at 00:00, or a whole day left out), the date begins at the first instant after the gap.
 */
import type { Ms } from './units.ts';

/** A date of the proleptic Gregorian calendar; `month` and `day` count from 1. */
export interface LocalDate {
  year: number;
  month: number;
  day: number;
}

export interface LocalParts extends LocalDate {
  hour: number;
  minute: number;
  second: number;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** Wider than any offset that a zone ever had (Asia/Manila kept -15:56 until 1844). */
const OFFSET_MS_MAX = 16 * HOUR_MS;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formatters.set(zone, made);
  return made;
}

/** Returns whether a text names a zone of the IANA data base; fixed offsets such as `+08:00` are not names. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(name)) return false;
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Gives the wall clock's time in the zone at an instant.
 * @throws RangeError if the zone is unknown.
 */
export function localParts(zone: string, instant: Ms): LocalParts {
  const parts: LocalParts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of formatterOf(zone).formatToParts(instant)) {
    if (Object.hasOwn(parts, type)) parts[type as keyof LocalParts] = Number(value);
  }
  return parts;
}

/** Gives the zone's offset from UTC at an instant, in milliseconds, east positive. */
export function offsetMs(zone: string, instant: Ms): Ms {
  const whole = Math.floor(instant / 1000) * 1000;
  const { year, month, day, hour, minute, second } = localParts(zone, whole);
  return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
}

/** Finds the first instant in (from, to] at which `differs` is true, given that it is true at `to` and not at `from`. */
export function firstChange(from: Ms, to: Ms, differs: (instant: Ms) => boolean): Ms {
  let before = from;
  let after = to;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (differs(middle)) after = middle;
    else before = middle;
  }
  return after;
}

/** Gives the first instant of a local date; of a date that the zone left out, the first instant after the gap. */
export function startOfDate(zone: string, date: LocalDate): Ms {
  const midnight = Date.UTC(date.year, date.month - 1, date.day);
  const from = midnight - OFFSET_MS_MAX;
  const to = midnight + OFFSET_MS_MAX;
  const early = offsetMs(zone, from);
  const late = offsetMs(zone, to);
  if (early === late) return midnight - early;
  const change = firstChange(from, to, (instant) => offsetMs(zone, instant) !== early);
  const beforeChange = midnight - early;
  return beforeChange < change ? beforeChange : Math.max(change, midnight - late);
}

/** Moves a date by whole days of the calendar. */
export function dateAfter(date: LocalDate, days: number): LocalDate {
  const moved = new Date(Date.UTC(date.year, date.month - 1, date.day + days));
  return { year: moved.getUTCFullYear(), month: moved.getUTCMonth() + 1, day: moved.getUTCDate() };
}

/** Gives the weekday of a date, 1 for Monday to 7 for Sunday. */
export function weekdayOf(date: LocalDate): number {
  return new Date(Date.UTC(date.year, date.month - 1, date.day)).getUTCDay() || 7;
}

/** Gives the local date that an instant belongs to: the last one that had begun by then. */
export function dateOf(zone: string, instant: Ms): LocalDate {
  const { year, month, day } = localParts(zone, instant);
  const shown = { year, month, day };
  const next = dateAfter(shown, 1);
  return instant >= startOfDate(zone, next) ? next : shown;
}

/** Gives the first instant of a local month (`month` from 1 to 12) and that of the next one. */
export function monthBounds(zone: string, year: number, month: number): { start: Ms; end: Ms } {
  const next = month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 };
  return {
    start: startOfDate(zone, { year, month, day: 1 }),
    end: startOfDate(zone, { ...next, day: 1 }),
  };
}

/** A time range with one offset from UTC. */
export interface OffsetSpan {
  from: Ms;
  /** Exclusive. */
  to: Ms;
  offsetMs: Ms;
}

/** No zone changes its clock and back in less than this. */
const OFFSET_STEP_MS = 7 * DAY_MS;
/** Enough for two centuries; later times count to the last span. */
const OFFSET_STEPS_MAX = 10_500;

/** Splits a time (`to` exclusive) at the instants at which a zone's clock changes. */
export function offsetSpans(zone: string, from: Ms, to: Ms): OffsetSpan[] {
  const spans: OffsetSpan[] = [];
  let start = from;
  let offset = offsetMs(zone, from);
  let at = from;
  for (let step = 0; at < to && step < OFFSET_STEPS_MAX; step += 1) {
    const next = Math.min(at + OFFSET_STEP_MS, to);
    const there = offsetMs(zone, next);
    if (there !== offset) {
      const kept = offset;
      const change = firstChange(at, next, (instant) => offsetMs(zone, instant) !== kept);
      spans.push({ from: start, to: change, offsetMs: offset });
      start = change;
      offset = there;
    }
    at = next;
  }
  if (start < to) spans.push({ from: start, to, offsetMs: offset });
  return spans;
}
