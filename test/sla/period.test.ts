import { describe, expect, it } from 'vitest';
import { claimDates } from '../../src/claims/deadlines.ts';
import { createCalendar } from '../../src/claims/working-days.ts';
import { checkMonth, daysFrom } from '../../src/sla/period.ts';

describe('a month that is asked for', () => {
  const at = (now: string, timeZone = 'Asia/Shanghai') => ({ now: Date.parse(now), timeZone });

  it('lies from 2023-01 to December of the next year', () => {
    const clock = at('2026-11-21T00:00:00Z');
    for (const month of ['2023-01', '2026-11', '2027-12']) expect(checkMonth(month, clock)).toBe(month);
    for (const month of ['0000-01', '0001-01', '2022-12', '2028-01', '9999-12']) {
      expect(() => checkMonth(month, clock)).toThrow(
        `'${month}' is outside the months that can be asked for: 2023-01 to 2027-12.`,
      );
    }
    expect(() => checkMonth('2026-13', clock)).toThrow('is no month; write it as 2026-10');
  });

  it('is measured by the year of the agreement’s zone', () => {
    const newYear = '2026-12-31T20:00:00Z';
    expect(checkMonth('2028-12', at(newYear))).toBe('2028-12');
    expect(() => checkMonth('2028-12', at(newYear, 'UTC'))).toThrow('2023-01 to 2027-12');
  });
});

describe('lists of days', () => {
  it('hold at most the days of a leap year', () => {
    expect(daysFrom('2028-02-28', '2028-03-01')).toEqual(['2028-02-28', '2028-02-29', '2028-03-01']);
    expect(daysFrom('2028-03-01', '2028-02-28')).toEqual([]);
    expect(daysFrom('2028-01-01', '2028-12-31')).toHaveLength(366);
    expect(() => daysFrom('2028-01-01', '9999-12-31')).toThrow('longer than 366 days');
  });

  it('end the search for the fifth working day if a calendar has none', () => {
    const holidays = daysFrom('2027-01-01', '2027-12-31');
    const override = { years: [2027], holidays, workdays: [], source: { en: 'test', zh: 'test' } };
    expect(() => claimDates('2027-03', createCalendar('CN', override))).toThrow(
      'fewer than 5 working days within 60 days of 2027-04-01: correct the holidays of claims.calendarFile',
    );
  });
});
