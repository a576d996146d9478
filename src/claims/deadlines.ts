/**
 * When a claim may be filed (SLA, 3.2): after the fifth working day of the following month, and within two months
 * after the end of the bad month.
 *
 * **Invariant**: the earliest day is the one after the fifth working day; the latest is the bad month's last day two
 * months later, clamped to that month's last day (28 February gives 28 April, 31 December gives 28 February).
 */
import { SidecarError } from '../errors.ts';
import { addDays, addMonths, daysFrom, daysOfMonth } from '../sla/period.ts';
import type { BothLanguages, WorkCalendar } from './working-days.ts';

const WORKING_DAY = 5;
/** Days that are searched for the fifth working day; every real calendar has five within them. */
const DAYS_SEARCHED = 60;
const MONTHS_TO_FILE = 2;

export interface ClaimDates {
  /** The fifth working day, `YYYY-MM-DD`. */
  fifthWorkday: string;
  /** The first day on which it may be filed, `YYYY-MM-DD`. */
  earliest: string;
  /** The last one, inclusive. */
  latest: string;
  /** Whether the calendar has no data for one of the days. */
  isEstimated: boolean;
  calendar: string;
  calendarSource: BothLanguages;
}

/** The dates as answers and the summary show them. */
export type ShownDates = Omit<ClaimDates, 'calendarSource'> & { calendarSource: string };

/** Gives the dates with their source in English. */
export function showDates(dates: ClaimDates): ShownDates {
  return { ...dates, calendarSource: dates.calendarSource.en };
}

/** Works out the dates of a month's claim. */
export function claimDates(month: string, calendar: WorkCalendar): ClaimDates {
  const day = fifthWorkday(`${addMonths(month, 1)}-01`, calendar);
  return {
    fifthWorkday: day,
    earliest: addDays(day, 1),
    latest: latestDay(month),
    isEstimated: !calendar.isKnown(day),
    calendar: calendar.name,
    calendarSource: calendar.sourceOf(day),
  };
}

function fifthWorkday(first: string, calendar: WorkCalendar): string {
  const days = daysFrom(first, addDays(first, DAYS_SEARCHED));
  const wanted = WORKING_DAY + calendar.spareDays(first);
  const day = days.filter((one) => calendar.isWorkday(one))[wanted - 1];
  if (day !== undefined) return day;
  throw new SidecarError(
    'config_invalid',
    `The calendar ${calendar.name} has fewer than ${wanted} working days within ${DAYS_SEARCHED} days of ${first}: ` +
      'correct the holidays of claims.calendarFile.',
  );
}

/** Gives the last day on which a month's claim may be filed. */
export function latestDay(month: string): string {
  const last = daysOfMonth(month).length;
  const days = daysOfMonth(addMonths(month, MONTHS_TO_FILE));
  return days[Math.min(last, days.length) - 1] ?? `${addMonths(month, MONTHS_TO_FILE)}-28`;
}

/** Gives whether a day is before, within or after the dates. */
export function filingState(
  dates: Pick<ClaimDates, 'earliest' | 'latest'>,
  today: string,
): 'early' | 'open' | 'late' {
  if (today < dates.earliest) return 'early';
  return today <= dates.latest ? 'open' : 'late';
}
