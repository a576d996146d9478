/**
 * A service period: a calendar month in the agreement's zone, clipped to the terms that were bought (SLA, 1.1).
 *
 * **Invariant**: days are calendar days, so that a day of 23 or 25 hours is one day and 288 windows: the
 * text says 12 x 24 x days. `end` is exclusive.
 */
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import { dateOf, startOfDate, type LocalDate } from '../zone.ts';
import { WINDOWS_PER_DAY, type Span } from './window.ts';

/** Days bought, `YYYY-MM-DD`, both inclusive. */
export interface Term {
  from: string;
  to: string;
  /** The pack that was bought, if the term comes from one. */
  name?: string;
}

/** Where the terms come from: the config, the packs' dates, or nowhere (whole months). */
export type TermSource = 'config' | 'packs' | 'none';

export interface Terms {
  source: TermSource;
  terms: readonly Term[];
}

export interface ServicePeriod {
  /** `YYYY-MM`. */
  month: string;
  timeZone: string;
  /** In order, merged; empty if no term touches the month. */
  spans: Span[];
  /** First and last day of the period, inclusive; null if no term touches the month. */
  firstDay: string | null;
  lastDay: string | null;
  days: number;
  /** 12 x 24 x days. */
  windows: number;
  termSource: TermSource;
  /** The terms that touch the month, unchanged. */
  terms: Term[];
}

/** The form of a month; {@link checkMonth} also checks that it may be asked for. */
export const MONTH_FORM = /^(\d{4})-(0[1-9]|1[0-2])$/;
/** The first month that may be asked for; nothing is recorded before it (Kling's API opened in 2024). */
export const FIRST_MONTH = '2023-01';
const DAY_MS = 86_400_000;
/** The most days of a list: those of a leap year. */
const DAYS_LISTED_MAX = 366;

/** Checks and splits `YYYY-MM`. @throws SidecarError `bad_usage` if it has another form. */
export function parseMonth(month: string): { year: number; month: number } {
  const match = MONTH_FORM.exec(month);
  if (!match) throw new SidecarError('bad_usage', `'${month}' is no month; write it as 2026-10.`);
  return { year: Number(match[1]), month: Number(match[2]) };
}

/**
 * Checks a month that a person or a program asks for: {@link FIRST_MONTH} to December of the next year, both inclusive.
 * @param clock the present, and the zone whose year it is.
 * @returns the same month.
 * @throws SidecarError `bad_usage` if it is no month, or outside these months.
 */
export function checkMonth(month: string, clock: { now: Ms; timeZone: string }): string {
  parseMonth(month);
  const last = `${dateOf(clock.timeZone, clock.now).year + 1}-12`;
  if (month >= FIRST_MONTH && month <= last) return month;
  throw new SidecarError(
    'bad_usage',
    `'${month}' is outside the months that can be asked for: ${FIRST_MONTH} to ${last}.`,
  );
}

/** Adds days to `YYYY-MM-DD`. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Counts the days from one `YYYY-MM-DD` to another: below 0 if the second one is earlier, NaN if one of them is no day. */
export function daysBetween(first: string, second: string): number {
  return (Date.parse(`${second}T00:00:00Z`) - Date.parse(`${first}T00:00:00Z`)) / DAY_MS;
}

/**
 * Lists the days from one to another, both inclusive.
 * @throws SidecarError `bad_usage` if they are more than a leap year has.
 */
export function daysFrom(first: string, last: string): string[] {
  const count = daysBetween(first, last) + 1;
  if (!(count <= DAYS_LISTED_MAX)) {
    throw new SidecarError('bad_usage', `${first} to ${last} is longer than ${DAYS_LISTED_MAX} days.`);
  }
  return Array.from({ length: Math.max(0, count) }, (_, index) => addDays(first, index));
}

/** Gives the days of a month, first to last. */
export function daysOfMonth(month: string): string[] {
  const { year, month: number } = parseMonth(month);
  const length = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from({ length }, (_, index) => `${month}-${String(index + 1).padStart(2, '0')}`);
}

/** Gives the month before or after, by a number of months. */
export function addMonths(month: string, months: number): string {
  const { year, month: number } = parseMonth(month);
  return new Date(Date.UTC(year, number - 1 + months, 1)).toISOString().slice(0, 7);
}

/** Writes a term, `2026-03-17 to 2026-06-16 (Video-1000Units)`. */
export function termText({ from, to, name }: Term): string {
  return `${from} to ${to}${name === undefined ? '' : ` (${name})`}`;
}

/** Works out the service period of a month. */
export function servicePeriod(month: string, timeZone: string, terms: Terms): ServicePeriod {
  const isBought = (day: string): boolean =>
    terms.terms.length === 0 || terms.terms.some((term) => term.from <= day && day <= term.to);
  const days = daysOfMonth(month).filter(isBought);
  return {
    month,
    timeZone,
    spans: runsOf(days).map(([first, last]) => ({
      start: startOfDay(first, timeZone),
      end: startOfDay(addDays(last, 1), timeZone),
    })),
    firstDay: days[0] ?? null,
    lastDay: days.at(-1) ?? null,
    days: days.length,
    windows: days.length * WINDOWS_PER_DAY,
    termSource: terms.terms.length === 0 ? 'none' : terms.source,
    terms: terms.terms.filter(({ from, to }) => from <= `${month}-31` && to >= `${month}-01`),
  };
}

/** Gives the first instant of a day, `YYYY-MM-DD`, in a zone. */
export function startOfDay(day: string, timeZone: string): Ms {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return startOfDate(timeZone, { year, month, day: date });
}

/** Gives the day that an instant belongs to in a zone, `YYYY-MM-DD`. */
export function dayOf(at: Ms, timeZone: string): string {
  return writeDay(dateOf(timeZone, at));
}

/** Gives the month that an instant belongs to in a zone, `YYYY-MM`. */
export function monthOf(at: Ms, timeZone: string): string {
  return dayOf(at, timeZone).slice(0, 7);
}

function writeDay({ year, month, day }: LocalDate): string {
  return new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
}

/** Joins consecutive days into ranges of first and last day. */
function runsOf(days: readonly string[]): [string, string][] {
  const runs: [string, string][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run && addDays(run[1], 1) === day) run[1] = day;
    else runs.push([day, day]);
  }
  return runs;
}
