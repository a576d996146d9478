import { describe, expect, it } from 'vitest';
import { agreementOn, KLING_AGREEMENTS } from '../../src/sla/agreement.ts';
import { daysIn, drawHeatMap } from '../../src/sla/heat-map.ts';
import { measureMonth } from '../../src/sla/month.ts';
import { writeOpenSlo } from '../../src/sla/open-slo.ts';
import { REPORT_FORMATS, writeReport } from '../../src/sla/report.ts';
import { slaSection } from '../../src/sla/sla-config.ts';
import { windowViews } from '../../src/sla/window-view.ts';
import { ask, newCall, slicesOf } from './making.ts';

const NOON = Date.UTC(2026, 9, 5, 12);

function measured(now: number) {
  const calls = Array.from({ length: 9 }, (_, index) => newCall({ at: NOON + index * 300_000, status: 500 }));
  const slices = slicesOf(calls.map((call) => ({ call, blame: null })));
  const exclusion = {
    id: 'excl_1',
    start: NOON - 600_000,
    end: NOON - 300_000,
    clause: '2.2(i) | a <b>',
    source: 'mail',
    actor: 'ana',
    at: NOON,
  };
  const month = measureMonth(ask({ now }), { slices, runs: [], exclusions: [exclusion] });
  return { month, windows: windowViews(slices) };
}

describe('a report', () => {
  it('says the month’s availability, and that a running month is not over', () => {
    const over = measured(Date.UTC(2026, 10, 2));
    expect(writeReport('md', over.month, over.windows)).toContain(
      'Availability 99.899193 %, below the committed 99.90 %: 10 % of the fee.',
    );
    const running = measured(NOON + 3_600_000);
    const text = writeReport('md', running.month, running.windows);
    expect(text).toContain('Availability so far 99.899193 %');
    expect(text).toContain('| Error budget (windows) | 8.928, used 9.000000, left -0.072000 |');
    expect(text).toContain('2.2(i) \\| a \\<b>');
  });

  it('comes in every format, without a word of ours lost in markup', () => {
    const { month, windows } = measured(Date.UTC(2026, 10, 2));
    const reports = REPORT_FORMATS.map((format) => [format, writeReport(format, month, windows)] as const);
    for (const [format, text] of reports) expect(text, format).not.toMatch(/undefined|NaN|\[object/);
    const { md = '', html = '', json = '', csv = '' } = Object.fromEntries(reports);
    expect(JSON.parse(json)).toEqual(month);
    expect(html).toContain('2.2(i) | a &lt;b&gt;');
    expect(md).toContain(
      '| received | 5xx answers over requests that were answered | 9 | 9 | 8928 | 9.000000 |',
    );
    expect(csv.split('\r\n')[0]).toMatch(/^start_utc,valid,errors,ok,client_error,throttled,server_error/);
    expect(csv.split('\r\n')[1]).toMatch(/^2026-10-05T12:00:00.000Z,1,1,0,0,0,1,/);
  });

  it('says so if no term covers the month', () => {
    const terms = { source: 'config' as const, terms: [{ from: '2026-01-01', to: '2026-01-31' }] };
    const month = measureMonth(ask({ terms }), { slices: [], runs: [], exclusions: [] });
    expect(month).toMatchObject({ start: null, end: null, days: 0, availability: null, breached: false });
    expect(writeReport('md', month, [])).toContain('No term covers 2026-10');
  });

  it.each([
    ['is over', Date.UTC(2026, 11, 1), 'no sidecar ran in it, and no calls of it were imported'],
    ['runs', Date.UTC(2026, 9, 5), 'no sidecar ran in it, and no calls of it were imported'],
    ['is to come', Date.UTC(2026, 8, 5), 'its service period has not begun'],
  ])('says that nothing was recorded, without a percentage, if the month %s', (_, now, why) => {
    const month = measureMonth(ask({ now }), { slices: [], runs: [], exclusions: [] });
    expect(month).toMatchObject({
      recorded: false,
      availability: null,
      breached: false,
      compensationPercent: 0,
    });
    expect(Object.values(month.readings).map(({ availability }) => availability)).toEqual(
      Array(6).fill(null),
    );
    for (const format of ['md', 'html'] as const) {
      const text = writeReport(format, month, []);
      expect(text).toContain(`Nothing was recorded for 2026-10: ${why}.`);
      expect(text, format).not.toMatch(/100\.000000|Availability so far/);
    }
    expect(JSON.parse(writeReport('json', month, []))).toMatchObject({ availability: null });
    expect(writeReport('csv', month, [])).toMatch(/^start_utc,valid,errors,ok,.*,excluded\r\n$/);
  });

  it('of a month in which a sidecar ran and nobody called is one without errors', () => {
    const runs = [{ start: NOON, end: NOON }];
    const month = measureMonth(ask(), { slices: [], runs, exclusions: [] });
    expect(month).toMatchObject({ recorded: true, availability: '100.000000' });
  });
});

describe('the calendar', () => {
  it('draws a row a day, the shorter day of spring too, and names windows with errors', () => {
    const start = Date.UTC(2026, 2, 27, 23);
    const days = daysIn([{ start, end: Date.UTC(2026, 2, 30, 22) }], 'Europe/Berlin');
    expect(days).toEqual(['2026-03-28', '2026-03-29', '2026-03-30']);
    const svg = drawHeatMap({
      days,
      timeZone: 'Europe/Berlin',
      rates: [
        { windowStart: start, errors: 0, valid: 2 },
        { windowStart: start + 300_000, errors: 0, valid: 1 },
        { windowStart: start + 600_000, errors: 3, valid: 4 },
      ],
      gaps: [{ start: start + 900_000, end: Date.UTC(2026, 2, 28, 12) }],
      title: 'a < b',
    });
    expect(svg).toContain('<title>a &lt; b</title>');
    expect(svg).toContain(' (2026-03-27T23:10:00.000Z): 3 of 4</title>');
    expect(svg.match(/fill="#cfe5d8"/g)).toHaveLength(1);
    expect(svg.match(/<text x="0"/g)).toHaveLength(3);
    expect(svg).toContain(`width="${276 * 3}"`);
  });
});

it('writes the objective for OpenSLO with the committed share', () => {
  const yaml = writeOpenSlo(agreementOn('2026-10-01', KLING_AGREEMENTS), 'Asia/Shanghai');
  expect(yaml).toContain('apiVersion: openslo/v1');
  expect(yaml).toContain('target: 0.9990');
  expect(yaml).toContain('timeSliceWindow: 5m');
});

it('takes exclusions and later agreements from the config, and refuses crooked ones', () => {
  const exclusion = {
    from: '2026-10-01T00:00:00Z',
    to: '2026-10-01T01:00:00+08:00',
    clause: '2.2(i)',
    source: 'x',
  };
  expect(slaSection.safeParse({ exclusions: [exclusion] }).success).toBe(false);
  expect(
    slaSection.safeParse({ exclusions: [{ ...exclusion, to: '2026-10-01T09:00:00+08:00' }] }).success,
  ).toBe(true);
  const [first] = KLING_AGREEMENTS;
  expect(slaSection.parse({ agreements: [first] }).agreements).toEqual([first]);
  expect(slaSection.safeParse({ agreements: [{ ...first, commitment: '199' }] }).success).toBe(false);
});
