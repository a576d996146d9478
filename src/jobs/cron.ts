/**
 * Cron expressions of five fields, minute hour day month weekday, by the rules of crontab(5) (Debian's cron 3.0, read 2026-11-28).
 *
 * A field is a star, a value, a range, or a list of these; a star and a range may have a step (`8-18/2`). Months and weekdays
 * may be names of three letters, and Sunday is 0 or 7. If neither the day nor the weekday begins with a star, a date
 * matches that has one of them; else it must have both.
 *
 * **Invariant**: a parsed expression is due at some time: an impossible one, such as 31 February, is refused.
 */

export interface Cron {
  /** The text, with single spaces. */
  readonly text: string;
  /** Minutes of the day (0 to 1439) at which it is due, ascending. */
  readonly minutes: readonly number[];
  readonly months: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Whether one of day and weekday is enough. */
  readonly takesEither: boolean;
}

/** The fault of an expression: the allowed values and the remedy. */
export interface CronProblem {
  allowed: string;
  suggestion: string;
}

interface Field {
  name: string;
  min: number;
  max: number;
  /** Names for the values from `min` on. */
  names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MINUTE: Field = { name: 'minute', min: 0, max: 59, names: [] };
const HOUR: Field = { name: 'hour', min: 0, max: 23, names: [] };
const DAY: Field = { name: 'day of the month', min: 1, max: 31, names: [] };
const MONTH: Field = { name: 'month', min: 1, max: 12, names: MONTHS };
const WEEKDAY: Field = { name: 'weekday', min: 0, max: 7, names: WEEKDAYS };
/** Days of each month in a leap year. */
const DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MINUTES_OF_HOUR = 60;
const SUNDAY = 7;
/** A longer text is no expression. */
export const CRON_CHARACTERS_MAX = 200;
const NONE: ReadonlySet<number> = new Set();
const WRONG_FORM: CronProblem = {
  allowed: 'a cron expression of five fields: minute hour day month weekday',
  suggestion: '"0 9 * * 1" is every Monday at 9:00',
};

const FIELDS = [MINUTE, HOUR, DAY, MONTH, WEEKDAY];

/** Reads an expression; gives its fault if it is wrong. */
export function parseCron(text: string): Cron | CronProblem {
  const parts = text.trim().split(/[ \t]+/);
  if (parts.length !== FIELDS.length || text.length > CRON_CHARACTERS_MAX) return WRONG_FORM;
  const fields: Set<number>[] = [];
  for (const [index, field] of FIELDS.entries()) {
    const values = parseField(field, parts[index] ?? '');
    if (!(values instanceof Set)) return values;
    fields.push(values);
  }
  const [minutes = NONE, hours = NONE, days = NONE, months = NONE, weekdays = NONE] = fields;
  const [, , day = '', month = '', weekday = ''] = parts;
  const cron: Cron = {
    text: parts.join(' '),
    minutes: minutesOfDay(hours, minutes),
    months,
    days,
    weekdays: new Set([...weekdays].map((value) => value % SUNDAY)),
    takesEither: !day.startsWith('*') && !weekday.startsWith('*'),
  };
  return comes(cron) ? cron : neverComes(day, month);
}

/** Returns whether an expression was read. */
export function isCron(parsed: Cron | CronProblem): parsed is Cron {
  return 'minutes' in parsed;
}

/** Returns whether an expression is due at some minute of a date; `weekday` is 0 for Sunday. */
export function fitsDate(
  { months, days, weekdays, takesEither }: Cron,
  date: { month: number; day: number; weekday: number },
): boolean {
  if (!months.has(date.month)) return false;
  const isDay = days.has(date.day);
  const isWeekday = weekdays.has(date.weekday);
  return takesEither ? isDay || isWeekday : isDay && isWeekday;
}

function minutesOfDay(hours: ReadonlySet<number>, minutes: ReadonlySet<number>): number[] {
  const all = [...hours].flatMap((hour) => [...minutes].map((minute) => hour * MINUTES_OF_HOUR + minute));
  return all.sort((a, b) => a - b);
}

/** A weekday alone is in every month; a day must exist in one of the months. */
function comes({ months, days, takesEither }: Cron): boolean {
  if (takesEither) return true;
  const first = Math.min(...days);
  return [...months].some((month) => first <= (DAYS_OF_MONTH[month - 1] ?? 0));
}

function neverComes(day: string, month: string): CronProblem {
  return {
    allowed: 'a date that some year has',
    suggestion: `day ${day} never comes in month ${month}: write a day up to 28`,
  };
}

function parseField(field: Field, text: string): Set<number> | CronProblem {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const parsed = parseItem(field, item);
    if ('allowed' in parsed) return parsed;
    for (let value = parsed.from; value <= parsed.to; value += parsed.step) values.add(value);
  }
  return values;
}

interface Range {
  from: number;
  to: number;
  step: number;
}

function parseItem(field: Field, item: string): Range | CronProblem {
  const [range = '', stepText, ...rest] = item.split('/');
  const span = parseRange(field, range);
  if (rest.length > 0 || span === null) return badItem(field, item);
  if (stepText === undefined) return { ...span, step: 1 };
  const step = /^\d{1,2}$/.test(stepText) ? Number(stepText) : 0;
  if (step < 1 || step > field.max) return badItem(field, item);
  if (range === '*' || range.includes('-')) return { ...span, step };
  return {
    allowed: `a step behind * or a range in the field ${field.name}`,
    suggestion: `write ${range}-${field.max}/${step} in place of ${item}`,
  };
}

function parseRange(field: Field, range: string): Omit<Range, 'step'> | null {
  // A week in which Sunday is both 0 and 7 has seven days.
  if (range === '*') return { from: field.min, to: field.max === SUNDAY ? SUNDAY - 1 : field.max };
  const [first = '', last, ...rest] = range.split('-');
  const from = valueOf(field, first);
  const end = last === undefined ? from : valueOf(field, last);
  if (from === null || end === null || rest.length > 0) return null;
  // "fri-sun" ends on the Sunday after.
  const to = field === WEEKDAY && last?.toLowerCase() === WEEKDAYS[0] ? SUNDAY : end;
  return from <= to ? { from, to } : null;
}

function valueOf({ min, max, names }: Field, text: string): number | null {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + min;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : null;
}

function badItem({ name, min, max, names }: Field, item: string): CronProblem {
  const named = names.length > 0 ? ` or ${names[0]} to ${names.at(-1)}` : '';
  return {
    allowed: `${min} to ${max}${named}, ranges from the lower to the higher, steps and lists of these in the field ${name}`,
    suggestion: item === '' ? `the field ${name} has an empty part` : `correct ${JSON.stringify(item)}`,
  };
}
