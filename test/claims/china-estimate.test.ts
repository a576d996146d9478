import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readCalendarFile } from '../../src/claims/calendar-file.ts';
import { estimateChina } from '../../src/claims/china-estimate.ts';
import { claimDates } from '../../src/claims/deadlines.ts';
import { createCalendar, knownUntil, type WorkCalendar } from '../../src/claims/working-days.ts';
import { addMonths, daysFrom } from '../../src/sla/period.ts';
import { CHINA_NOTICES } from './china-notices.ts';

const china = createCalendar('CN', null);
/** China's calendar where no year has data: what an estimate says of years that we know. */
const estimated: WorkCalendar = {
  ...china,
  isWorkday: (day) => {
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
    return weekday !== 0 && weekday !== 6 && !estimateChina(Number(day.slice(0, 4))).perhaps.has(day);
  },
};

const listed = (ranges: string): string[] =>
  ranges
    .split(' ')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first = range, last = first] = range.split('..');
      return daysFrom(first, last);
    });
const knownYears: [number, WorkCalendar][] = [
  [2025, china],
  [2026, china],
  ...CHINA_NOTICES.map(([year, off, worked]): [number, WorkCalendar] => {
    const source = { en: 'notice', zh: 'notice' };
    return [
      year,
      createCalendar('CN', { years: [year], holidays: listed(off), workdays: listed(worked), source }),
    ];
  }),
];

describe('an estimate of China’s days off', () => {
  it.each(knownYears)('is never too early in %d, and late by two weeks at most', (year, notice) => {
    for (let number = 1; number <= 12; number += 1) {
      const before = addMonths(`${year}-${String(number).padStart(2, '0')}`, -1);
      const { earliest } = claimDates(before, notice);
      const guessed = claimDates(before, estimated).earliest;
      expect(guessed >= earliest, `${before}: ${guessed} for ${earliest}`).toBe(true);
      expect(Date.parse(guessed) - Date.parse(earliest)).toBeLessThanOrEqual(14 * 86_400_000);
    }
  });

  it('has the thirteen days of the regulation, by the observatories’ new moons', () => {
    // Eve and three days of the Spring Festival, Qingming, Dragon Boat and Mid-Autumn as Hong Kong's and China's
    // observatories give them; Intl has the Spring Festivals of 2027 and 2030 a day off.
    const festivals: [number, string, string, string, string][] = [
      [2024, '02-09..02-12', '04-04', '06-10', '09-17'],
      [2025, '01-28..01-31', '04-04', '05-31', '10-06'],
      [2026, '02-16..02-19', '04-05', '06-19', '09-25'],
      [2027, '02-05..02-08', '04-05', '06-09', '09-15'],
      [2030, '02-02..02-05', '04-05', '06-05', '09-12'],
    ];
    for (const [year, spring, ...single] of festivals) {
      const [first = '', last = ''] = spring.split('..');
      const days = [
        ...daysFrom(`${year}-${first}`, `${year}-${last}`),
        ...[...single, '01-01', '05-01', '05-02', '10-01', '10-02', '10-03'].map((day) => `${year}-${day}`),
      ];
      expect(days).toHaveLength(13);
      const { byLaw, perhaps } = estimateChina(year);
      for (const day of days) expect([day, byLaw.has(day), perhaps.has(day)]).toEqual([day, true, true]);
      // A day more on either side of three lunar festivals.
      expect(byLaw.size).toBe(13 + 3 * 2);
    }
  });

  it('gives December 2026 and the months of 2027 dates on which nobody is off', () => {
    const of = (month: string) => claimDates(month, china);
    expect(of('2026-12')).toMatchObject({
      fifthWorkday: '2027-01-08',
      earliest: '2027-01-09',
      isEstimated: true,
    });
    // February 2027: 1 to 3 are three; the Spring Festival may take the 4th to the 16th; 17 and 18 are five.
    expect(of('2027-01')).toMatchObject({ fifthWorkday: '2027-02-18' });
    // October 2027: off to the 8th; 11 to 15 are five.
    expect(of('2027-09')).toMatchObject({ fifthWorkday: '2027-10-15', earliest: '2027-10-16' });
    expect(of('2026-09').isEstimated).toBe(false);
  });

  it('counts three working days more in Singapore, whose holidays move', () => {
    const singapore = createCalendar('SG', null);
    // August 2027: 2 to 6 are five; the 9th is National Day; 10, 11 and 12 are three more.
    expect(claimDates('2027-07', singapore)).toMatchObject({ fifthWorkday: '2027-08-12', isEstimated: true });
    expect(claimDates('2026-06', singapore)).toMatchObject({
      fifthWorkday: '2026-07-07',
      isEstimated: false,
    });
  });
});

describe('the example of a calendar file', () => {
  it('is the notice for 2026, day by day', () => {
    const file = new URL('../../docs/run/calendar.example.json', import.meta.url);
    const example = createCalendar('CN', readCalendarFile(fileURLToPath(file)));
    for (const day of daysFrom('2026-01-01', '2026-12-31')) {
      expect([day, example.isWorkday(day)]).toEqual([day, china.isWorkday(day)]);
    }
    expect(example.sourceOf('2026-05-01').zh).toBe(china.sourceOf('2026-05-01').zh);
  });
});

describe('the data of a calendar', () => {
  it('end with the last year without a gap', () => {
    expect(knownUntil(china, '2026-11-27')).toBe('2026-12-31');
    expect(knownUntil(china, '2029-05-01')).toBe('2028-12-31');
    expect(knownUntil(createCalendar('weekdays', null), '2026-11-27')).toBeNull();
    const source = { en: 'x', zh: 'x' };
    const more = createCalendar('CN', { years: [2027, 2029], holidays: [], workdays: [], source });
    expect(knownUntil(more, '2026-11-27')).toBe('2027-12-31');
  });
});
