import { parse as parseByNodeCron } from 'node-cron';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsDate, isCron, parseCron, type Cron } from '../../src/jobs/cron.ts';
import { cronTexts } from './cron-texts.ts';

function cronOf(text: string): Cron {
  const cron = parseCron(text);
  if (!isCron(cron)) throw new Error(`${text}: ${cron.allowed}`);
  return cron;
}

const sorted = (values: Iterable<number | string>): number[] =>
  [...new Set([...values].map(Number))].sort((a, b) => a - b);

describe('a cron expression', () => {
  it('means the same minutes, hours, days, months and weekdays as node-cron reads in it', () => {
    fc.assert(
      fc.property(cronTexts, (text) => {
        const cron = cronOf(text);
        const fields = parseByNodeCron(text);
        const minutes = fields.hour.flatMap((hour) => fields.minute.map((minute) => hour * 60 + minute));
        expect(cron.minutes).toEqual(sorted(minutes));
        expect(sorted(cron.days)).toEqual(sorted(fields.dayOfMonth));
        expect(sorted(cron.months)).toEqual(sorted(fields.month));
        expect(sorted(cron.weekdays)).toEqual(sorted(fields.dayOfWeek.map((day) => Number(day) % 7)));
      }),
      { numRuns: 500 },
    );
  });

  it('takes names in any case, 7 for Sunday, and a week that ends on Sunday', () => {
    expect(sorted(cronOf('0 0 * JAN,Dec MON-fri').weekdays)).toEqual([1, 2, 3, 4, 5]);
    expect(sorted(cronOf('0 0 * JAN,Dec *').months)).toEqual([1, 12]);
    expect(sorted(cronOf('0 0 * * 7').weekdays)).toEqual([0]);
    expect(sorted(cronOf('0 0 * * fri-sun').weekdays)).toEqual([0, 5, 6]);
    expect(sorted(cronOf('0 0 * * 5-7').weekdays)).toEqual([0, 5, 6]);
    expect(sorted(cronOf('0 0 * * sun').weekdays)).toEqual([0]);
  });

  it('is written with single spaces, from any spacing', () => {
    expect(cronOf('  0\t9   * * 1 ').text).toBe('0 9 * * 1');
  });

  it('fits a date by the day or the weekday if both are named, and by both if one begins with a star', () => {
    const monday2nd = { month: 11, day: 2, weekday: 1 };
    const friday13th = { month: 11, day: 13, weekday: 5 };
    const monday13th = { month: 7, day: 13, weekday: 1 };
    const either = cronOf('0 0 13 * 1');
    expect([monday2nd, friday13th, monday13th].map((date) => fitsDate(either, date))).toEqual([
      true,
      true,
      true,
    ]);
    expect(fitsDate(either, { month: 11, day: 3, weekday: 2 })).toBe(false);
    const both = cronOf('0 0 */6 * 1');
    expect([monday2nd, friday13th, monday13th].map((date) => fitsDate(both, date))).toEqual([
      false,
      false,
      true,
    ]);
    expect(fitsDate(cronOf('0 0 * 11 5'), friday13th)).toBe(true);
    expect(fitsDate(cronOf('0 0 * 12 5'), friday13th)).toBe(false);
  });

  it.each([
    ['', 'five fields', 'every Monday'],
    ['0 9 * *', 'five fields', 'every Monday'],
    ['0 0 9 * * 1', 'five fields', 'every Monday'],
    ['@daily', 'five fields', 'every Monday'],
    ['60 9 * * *', '0 to 59', '"60"'],
    ['0 24 * * *', 'the field hour', '"24"'],
    ['0 9 0 * *', '1 to 31', '"0"'],
    ['0 9 * 13 *', '1 to 12 or jan to dec', '"13"'],
    ['0 9 * * 8', '0 to 7 or sun to sat', '"8"'],
    ['0 9 * * monday', 'sun to sat', '"monday"'],
    ['0 9 * * 5-1', 'from the lower to the higher', '"5-1"'],
    ['0 9 * * 1-2-3', 'ranges', '"1-2-3"'],
    ['5/15 * * * *', 'a step behind * or a range', 'write 5-59/15'],
    ['*/0 * * * *', 'steps', '"*/0"'],
    ['*/90 * * * *', 'steps', '"*/90"'],
    ['*/5/5 * * * *', 'steps', '"*/5/5"'],
    ['1,,2 * * * *', 'lists', 'an empty part'],
    ['-1 * * * *', '0 to 59', '"-1"'],
    ['1.5 * * * *', '0 to 59', '"1.5"'],
    ['0 9 L * *', '1 to 31', '"L"'],
    ['0 9 31 2 *', 'a date that some year has', 'day 31 never comes in month 2'],
    ['0 9 31 4,6,9,11 *', 'a date that some year has', 'a day up to 28'],
    [`${'0,'.repeat(120)}0 9 * * *`, 'five fields', 'every Monday'],
  ])('is refused as %j, with the allowed values and the remedy', (text, allowed, suggestion) => {
    const problem = parseCron(text);
    if (isCron(problem)) throw new Error(`${text} was taken`);
    expect(problem.allowed).toContain(allowed);
    expect(problem.suggestion).toContain(suggestion);
  });

  it('is accepted if its date comes only in a leap year, and if a weekday is enough', () => {
    expect(isCron(parseCron('0 9 29 2 *'))).toBe(true);
    expect(isCron(parseCron('0 9 31 2 1'))).toBe(true);
  });
});
