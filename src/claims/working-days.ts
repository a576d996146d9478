/**
 * Working days by calendar: China with its make-up workdays, Singapore, or plain weekdays.
 *
 * **Invariant**: a year without data is never passed off as known: its weekdays count as working days and the answer
 * says `estimated`. Days are `YYYY-MM-DD`. An override stands above what is built in.
 */
import { SidecarError } from '../errors.ts';
import { daysFrom } from '../sla/period.ts';

export type CalendarName = 'CN' | 'SG' | 'weekdays';

/** One year of a calendar. */
interface CalendarYear {
  /** Days off, weekends among them or not. */
  holidays: readonly string[];
  /** Weekend days on which people work. */
  workdays: readonly string[];
  source: string;
}

/** What an override file holds: days of its own, and the years for which they are complete. */
export interface CalendarOverride {
  years: readonly number[];
  holidays: readonly string[];
  workdays: readonly string[];
  source: string;
}

/** China: the State Council's yearly notice on the arrangement of holidays. */
const CHINA: Readonly<Record<number, CalendarYear>> = {
  2025: {
    holidays: expandAll(
      '2025-01-01 2025-01-28..2025-02-04 2025-04-04..2025-04-06 2025-05-01..2025-05-05 ' +
        '2025-05-31..2025-06-02 2025-10-01..2025-10-08',
    ),
    workdays: ['2025-01-26', '2025-02-08', '2025-04-27', '2025-09-28', '2025-10-11'],
    source: 'State Council General Office, arrangement of holidays in 2025, November 2024',
  },
  2026: {
    holidays: expandAll(
      '2026-01-01..2026-01-03 2026-02-15..2026-02-23 2026-04-04..2026-04-06 ' +
        '2026-05-01..2026-05-05 2026-06-19..2026-06-21 2026-09-25..2026-09-27 ' +
        '2026-10-01..2026-10-07',
    ),
    workdays: ['2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10'],
    source:
      'State Council General Office, arrangement of holidays in 2026, 4 November 2025 (read 2026-11-21)',
  },
};

/** Singapore: the Ministry of Manpower's yearly list; the Monday after a holiday on a Sunday is one too. */
const SINGAPORE: Readonly<Record<number, CalendarYear>> = {
  2026: {
    holidays: expandAll(
      '2026-01-01 2026-02-17 2026-02-18 2026-03-21 2026-04-03 2026-05-01 2026-05-27 ' +
        '2026-05-31 2026-06-01 2026-08-09 2026-08-10 2026-11-08 2026-11-09 2026-12-25',
    ),
    workdays: [],
    source: 'Ministry of Manpower, gazetted public holidays for 2026, 16 June 2025 (read 2026-11-21)',
  },
};

/** Years never end in plain weekdays: they need no data. */
const CALENDARS: Readonly<Record<CalendarName, Readonly<Record<number, CalendarYear>> | null>> = {
  CN: CHINA,
  SG: SINGAPORE,
  weekdays: null,
};

/** A calendar that tells working days and how sure it is. */
export interface WorkCalendar {
  name: CalendarName;
  isWorkday(day: string): boolean;
  /** Whether the year of a day has data. */
  isKnown(day: string): boolean;
  /** Where the data of a day's year come from. */
  sourceOf(day: string): string;
}

/** Makes a calendar. */
export function createCalendar(name: CalendarName, override: CalendarOverride | null): WorkCalendar {
  const years = CALENDARS[name];
  const yearOf = (day: string): CalendarYear | undefined => years?.[Number(day.slice(0, 4))];
  const isOverridden = (day: string): boolean => override?.years.includes(Number(day.slice(0, 4))) ?? false;
  return {
    name,
    isWorkday(day) {
      if (override?.workdays.includes(day)) return true;
      if (override?.holidays.includes(day)) return false;
      const year = isOverridden(day) ? undefined : yearOf(day);
      if (year?.workdays.includes(day)) return true;
      return !year?.holidays.includes(day) && !isWeekend(day);
    },
    isKnown: (day) => years === null || isOverridden(day) || yearOf(day) !== undefined,
    sourceOf(day) {
      if (isOverridden(day)) return override?.source ?? '';
      if (years === null) return 'Monday to Friday, no holidays';
      return yearOf(day)?.source ?? 'no data for this year: Monday to Friday assumed';
    },
  };
}

/** Checks the JSON of an override file. @throws SidecarError `config_invalid` where it is not of the shape. */
export function readOverride(json: unknown, path: string): CalendarOverride {
  const value = typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  const { years, holidays, workdays = [], source = `override file ${path}` } = value;
  const areDays = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((day) => typeof day === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(day));
  const areYears = Array.isArray(years) && years.every((year) => Number.isInteger(year));
  if (!areYears || !areDays(holidays) || !areDays(workdays) || typeof source !== 'string') {
    throw new SidecarError(
      'config_invalid',
      `claims.calendarFile: ${path} must hold { "years": [2027], "holidays": ["2027-01-01"], "workdays": [], ` +
        '"source": "where from" } with days as YYYY-MM-DD.',
    );
  }
  return { years: years as number[], holidays, workdays, source };
}

function isWeekend(day: string): boolean {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6;
}

/** Writes out days and ranges of days, separated by spaces. */
function expandAll(text: string): string[] {
  return text.split(' ').flatMap(expand);
}

/** Writes out `first..last`, both inclusive. */
function expand(range: string): string[] {
  const [first = range, last = first] = range.split('..');
  return daysFrom(first, last);
}
