/** The file that `claims.calendarFile` names: years, days off and worked weekend days that replace the built-in ones. */
import { readFileSync } from 'node:fs';
import { SidecarError } from '../errors.ts';
import { calendarDay } from '../fields.ts';
import type { CalendarOverride } from './working-days.ts';

const KEYS = ['years', 'holidays', 'workdays', 'source', 'sourceZh'] as const;
const SHAPE =
  '{ "years": [2027], "holidays": ["2027-01-01"], "workdays": [], "source": "where from" } with days as YYYY-MM-DD; ' +
  'docs/run/calendar.example.json is one';

/** Reads the file. @throws SidecarError `config_invalid` if it cannot be read or has another shape. */
export function readCalendarFile(path: string): CalendarOverride {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isAbsent ? 'there is no such file' : cause instanceof Error ? cause.message : String(cause);
    throw invalid(path, `cannot be read: ${why}`, 'correct the path, or remove the key', cause);
  }
  return readOverride(json, path);
}

/** Checks the JSON of an override file. @throws SidecarError `config_invalid` if it has another shape. */
export function readOverride(json: unknown, path: string): CalendarOverride {
  const value = typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  const { years, holidays, workdays = [], source = `override file ${path}`, sourceZh = source } = value;
  const areYears = Array.isArray(years) && years.every((year) => Number.isInteger(year));
  const areTexts = typeof source === 'string' && typeof sourceZh === 'string';
  if (!areYears || !isTextList(holidays) || !isTextList(workdays) || !areTexts) {
    throw invalid(path, 'has the wrong shape', `it must hold ${SHAPE}`);
  }
  const unknown = Object.keys(value).find((key) => !KEYS.includes(key as (typeof KEYS)[number]));
  if (unknown !== undefined) throw invalid(path, `has the key "${unknown}"`, `known are ${KEYS.join(', ')}`);
  checkDays(path, [...holidays, ...workdays], years as number[]);
  return { years: years as number[], holidays, workdays, source: { en: source, zh: sourceZh } };
}

function checkDays(path: string, days: readonly string[], years: readonly number[]): void {
  const wrong = days.find((day) => !calendarDay.safeParse(day).success);
  if (wrong !== undefined) throw invalid(path, `has the day "${wrong}"`, 'write days as 2027-01-01');
  const outside = days.find((day) => !years.includes(Number(day.slice(0, 4))));
  if (outside !== undefined)
    throw invalid(path, `has ${outside}, whose year is not in "years"`, 'add the year');
  const twice = days.find((day, index) => days.indexOf(day) !== index);
  if (twice !== undefined) throw invalid(path, `has ${twice} twice`, 'name each day once, in one list');
}

function isTextList(list: unknown): list is string[] {
  return Array.isArray(list) && list.every((one) => typeof one === 'string');
}

function invalid(path: string, fault: string, remedy: string, cause?: unknown): SidecarError {
  return new SidecarError('config_invalid', `claims.calendarFile: ${path} ${fault}: ${remedy}.`, { cause });
}
