/**
 * Working days by calendar: China with its make-up workdays, Singapore, or plain weekdays.
 *
 * **Invariant**: a year without data is never shown as known: the answer says `estimated`, and a date that follows
 * from it may be too late, never too early. Days are `YYYY-MM-DD`. An override replaces the built-in days.
 */
import { addDays, daysFrom } from '../sla/period.ts';
import { estimateChina } from './china-estimate.ts';

export type CalendarName = 'CN' | 'SG' | 'weekdays';

/** A text in the two languages of the letters. */
export interface BothLanguages {
  en: string;
  zh: string;
}

/** One year of a calendar. */
interface CalendarYear {
  /** Days off, with or without the weekends. */
  holidays: readonly string[];
  /** Weekend days on which people work. */
  workdays: readonly string[];
  source: BothLanguages;
}

/** What an override file holds: days of its own, and the years for which they are complete. */
export interface CalendarOverride {
  years: readonly number[];
  holidays: readonly string[];
  workdays: readonly string[];
  source: BothLanguages;
}

/** China: the State Council's yearly notice on the arrangement of holidays. */
const CHINA: Readonly<Record<number, CalendarYear>> = {
  2025: {
    holidays: expandAll(
      '2025-01-01 2025-01-28..2025-02-04 2025-04-04..2025-04-06 2025-05-01..2025-05-05 ' +
        '2025-05-31..2025-06-02 2025-10-01..2025-10-08',
    ),
    workdays: ['2025-01-26', '2025-02-08', '2025-04-27', '2025-09-28', '2025-10-11'],
    source: {
      en: 'State Council General Office, arrangement of holidays in 2025, November 2024',
      zh: '《国务院办公厅关于2025年部分节假日安排的通知》（2024年11月）',
    },
  },
  2026: {
    holidays: expandAll(
      '2026-01-01..2026-01-03 2026-02-15..2026-02-23 2026-04-04..2026-04-06 ' +
        '2026-05-01..2026-05-05 2026-06-19..2026-06-21 2026-09-25..2026-09-27 ' +
        '2026-10-01..2026-10-07',
    ),
    workdays: ['2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10'],
    source: {
      en: 'State Council General Office, arrangement of holidays in 2026, 4 November 2025 (read 2026-11-21)',
      zh: '《国务院办公厅关于2026年部分节假日安排的通知》（2025年11月4日）',
    },
  },
};

/** Singapore: the Ministry of Manpower's yearly list; the Monday after a holiday on a Sunday is a holiday too. */
const SINGAPORE: Readonly<Record<number, CalendarYear>> = {
  2026: {
    holidays: expandAll(
      '2026-01-01 2026-02-17 2026-02-18 2026-03-21 2026-04-03 2026-05-01 2026-05-27 ' +
        '2026-05-31 2026-06-01 2026-08-09 2026-08-10 2026-11-08 2026-11-09 2026-12-25',
    ),
    workdays: [],
    source: {
      en: 'Ministry of Manpower of Singapore, gazetted public holidays for 2026, 16 June 2025 (read 2026-11-21)',
      zh: '新加坡人力部公布的2026年公共假期（2025年6月16日）',
    },
  },
};

/** Plain weekdays need no data: every year is known. */
const CALENDARS: Readonly<Record<CalendarName, Readonly<Record<number, CalendarYear>> | null>> = {
  CN: CHINA,
  SG: SINGAPORE,
  weekdays: null,
};

/** How a year without data is estimated. */
interface Estimate {
  isOff(day: string): boolean;
  /** Extra working days that must pass, for movable holidays that are not computed here. */
  spareDays: number;
  source: BothLanguages;
}

const CHINA_ESTIMATE: Estimate = {
  isOff: (day) => isWeekend(day) || estimateChina(Number(day.slice(0, 4))).perhaps.has(day),
  spareDays: 0,
  source: {
    en:
      'no notice for this year is known here; the holidays of the regulation and the longest breaks usual around them ' +
      'are taken as days off',
    zh: '暂无该年度节假日安排通知的数据；按《全国年节及纪念日放假办法》规定的节日及其前后通常的最长假期计为休息日',
  },
};
/** Singapore: fixed holidays and the Monday after one on a Sunday; three movable ones may fall together. */
const SINGAPORE_ESTIMATE: Estimate = {
  isOff: (day) => isWeekend(day) || isFixedInSingapore(day),
  spareDays: 3,
  source: {
    en: 'no list for this year is known here; fixed holidays are days off, and three working days more are counted',
    zh: '暂无该年度公共假期的数据；固定假期计为休息日，并另加三个工作日',
  },
};
const WEEKDAYS_SOURCE: BothLanguages = {
  en: 'Monday to Friday, no holidays',
  zh: '周一至周五，不计节假日',
};

/** A calendar: which days are working days, and whether it knows or estimates. */
export interface WorkCalendar {
  name: CalendarName;
  /** Whether people work on a day; in a year without data, whether it is certain. */
  isWorkday(day: string): boolean;
  /** Whether the year of a day has data. */
  isKnown(day: string): boolean;
  /** Extra working days to count in a month whose year has no data. */
  spareDays(day: string): number;
  /** Where the data of a day's year come from. */
  sourceOf(day: string): BothLanguages;
}

/** Makes a calendar. */
export function createCalendar(name: CalendarName, override: CalendarOverride | null): WorkCalendar {
  const years = CALENDARS[name];
  const yearOf = (day: string): CalendarYear | undefined => years?.[Number(day.slice(0, 4))];
  const isOverridden = (day: string): boolean => override?.years.includes(Number(day.slice(0, 4))) ?? false;
  const estimate = name === 'SG' ? SINGAPORE_ESTIMATE : CHINA_ESTIMATE;
  const isKnown = (day: string): boolean => years === null || isOverridden(day) || yearOf(day) !== undefined;
  return {
    name,
    isWorkday(day) {
      if (override?.workdays.includes(day)) return true;
      if (override?.holidays.includes(day)) return false;
      if (!isKnown(day)) return !estimate.isOff(day);
      const year = isOverridden(day) ? undefined : yearOf(day);
      if (year?.workdays.includes(day)) return true;
      return !year?.holidays.includes(day) && !isWeekend(day);
    },
    isKnown,
    spareDays: (day) => (isKnown(day) ? 0 : estimate.spareDays),
    sourceOf(day) {
      if (override && isOverridden(day)) return override.source;
      if (years === null) return WEEKDAYS_SOURCE;
      return yearOf(day)?.source ?? estimate.source;
    },
  };
}

/** Gives the last day up to which a calendar has data without a gap, from a day on; null if there is no end. */
export function knownUntil(calendar: WorkCalendar, today: string): string | null {
  if (calendar.name === 'weekdays') return null;
  let year = Number(today.slice(0, 4));
  while (calendar.isKnown(`${year}-01-01`)) year += 1;
  return `${year - 1}-12-31`;
}

function isFixedInSingapore(day: string): boolean {
  const isHoliday = (one: string): boolean => ['01-01', '05-01', '08-09', '12-25'].includes(one.slice(5));
  return isHoliday(day) || (isSunday(addDays(day, -1)) && isHoliday(addDays(day, -1)));
}

function isSunday(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).getUTCDay() === 0;
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
