/**
 * The windows of budgets: the hour, day, week or month of an instant, in a zone.
 *
 * **Invariant**: windows of one kind and zone follow each other without gap or overlap, so no job has to reset anything: a
 * new window is a new key. Nothing here knows spent credits.
 */
import type { Ms, WindowKey } from '../units.ts';
import type { BudgetWindow } from '../words.ts';
import {
  dateAfter,
  dateOf,
  firstChange,
  HOUR_MS,
  monthBounds,
  offsetMs,
  startOfDate,
  weekdayOf,
  type LocalDate,
} from '../zone.ts';

export interface WindowSpan {
  key: WindowKey;
  /** Inclusive; 0 for `total`. */
  startsAt: Ms;
  /** Exclusive; null for `total`, which never resets. */
  resetsAt: Ms | null;
}

const TOTAL: WindowSpan = { key: 'total', startsAt: 0, resetsAt: null };

/** The last span of each kind of window, by zone: nearly always the present one. */
const lastSpans: Record<Exclude<BudgetWindow, 'total'>, Map<string, WindowSpan>> = {
  hour: new Map(),
  day: new Map(),
  week: new Map(),
  month: new Map(),
};

/**
 * Gives the window that an instant belongs to.
 * @throws RangeError if the zone is unknown.
 */
export function windowAt(window: BudgetWindow, zone: string, instant: Ms): WindowSpan {
  if (window === 'total') return TOTAL;
  const spans = lastSpans[window];
  const last = spans.get(zone);
  if (last && instant >= last.startsAt && last.resetsAt !== null && instant < last.resetsAt) return last;
  const span = makeSpan(window, zone, instant);
  spans.set(zone, span);
  return span;
}

function makeSpan(window: Exclude<BudgetWindow, 'total'>, zone: string, instant: Ms): WindowSpan {
  if (window === 'hour') return hourAt(zone, instant);
  const date = dateOf(zone, instant);
  if (window === 'day') return spanOf(zone, dayKey(date), date, dateAfter(date, 1));
  if (window === 'week') {
    const monday = dateAfter(date, 1 - weekdayOf(date));
    return spanOf(zone, weekKey(monday), monday, dateAfter(monday, 7));
  }
  const { start, end } = monthBounds(zone, date.year, date.month);
  return { key: `${pad(date.year, 4)}-${pad(date.month, 2)}`, startsAt: start, resetsAt: end };
}

function spanOf(zone: string, key: WindowKey, first: LocalDate, next: LocalDate): WindowSpan {
  return { key, startsAt: startOfDate(zone, first), resetsAt: startOfDate(zone, next) };
}

/**
 * An hour begins when the zone's local time is at minute 0. The repeated hour of autumn is an hour of its own; if
 * a zone shifts by a part of an hour (Australia/Lord_Howe: 30 minutes), the hours beside the shift are shorter.
 */
function hourAt(zone: string, instant: Ms): WindowSpan {
  const minutePart = (at: Ms): Ms => ((offsetMs(zone, at) % HOUR_MS) + HOUR_MS) % HOUR_MS;
  const part = minutePart(instant);
  const differs = (at: Ms): boolean => minutePart(at) !== part;
  let startsAt = Math.floor((instant + part) / HOUR_MS) * HOUR_MS - part;
  let resetsAt = startsAt + HOUR_MS;
  if (differs(startsAt)) startsAt = firstChange(startsAt, instant, (at) => !differs(at));
  if (differs(resetsAt - 1)) resetsAt = firstChange(instant, resetsAt - 1, differs);
  return { key: new Date(startsAt).toISOString(), startsAt, resetsAt };
}

function dayKey(date: LocalDate): WindowKey {
  return `${pad(date.year, 4)}-${pad(date.month, 2)}-${pad(date.day, 2)}`;
}

/** The ISO week of a Monday: its year is the year of its Thursday, and week 1 has the year's first Thursday. */
function weekKey(monday: LocalDate): WindowKey {
  const thursday = dateAfter(monday, 3);
  const dayOfYear =
    (Date.UTC(thursday.year, thursday.month - 1, thursday.day) - Date.UTC(thursday.year, 0, 1)) / 86_400_000;
  return `${pad(thursday.year, 4)}-W${pad(Math.floor(dayOfYear / 7) + 1, 2)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
