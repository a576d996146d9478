import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { htmlOf, h } from '../../src/page/element.ts';
import { heatMap, type HeatMapOptions, type MapRun } from '../../src/page/heat-map.ts';
import { mapRuns } from '../../src/sla/window-map.ts';

const WINDOW_MS = 300_000;
const MONTH_AT = Date.UTC(2026, 10, 1);

function draw(runs: readonly MapRun[], options: Partial<HeatMapOptions> = {}): string {
  const drawn = heatMap(runs, {
    month: '2026-11',
    zone: 'UTC',
    label: 'November',
    gaps: [],
    excluded: [],
    link: (from, to) => `/page/calls?from=${from}&to=${to}`,
    title: ({ from, errors, valid }) => `${from} ${errors} ${valid}`,
    ...options,
  });
  return htmlOf(h('div', null, drawn));
}

/** Windows of the month by their places, each with its errors. */
function runsAt(windows: Readonly<Record<number, number>>, valid = 4): MapRun[] {
  return mapRuns(
    Object.entries(windows).map(([at, errors]) => ({
      windowStart: MONTH_AT + Number(at) * WINDOW_MS,
      valid,
      errors,
    })),
  );
}

/** The rectangles of a kind, as column, top, width and height. */
function rectangles(html: string, kind: string): number[][] {
  const [, path = ''] = new RegExp(`class="${kind}" d="([^"]*)"`).exec(html) ?? [];
  return [...path.matchAll(/M(\d+) ([\d.]+)h(\d+)v([\d.]+)h-\d+z/g)].map((m) => m.slice(1).map(Number));
}

describe('the calendar of a month', () => {
  it('draws nothing without traffic', () => {
    expect(draw([])).toBe('<div></div>');
  });

  it('has a row for each day, and joins good windows that follow each other, over midnight too', () => {
    const runs = runsAt({ 0: 0, 1: 0, 2: 0, 287: 0, 288: 0 });
    expect(runs.map(({ windows, valid }) => [windows, valid])).toEqual([
      [3, 12],
      [2, 8],
    ]);
    const html = draw(runs);
    expect(rectangles(html, 'ground')).toHaveLength(30);
    expect(rectangles(html, 'good')).toEqual([
      [0, 0, 3, 6],
      [287, 0, 1, 6],
      [0, 7, 1, 6],
    ]);
  });

  it('shows each window with errors by itself, with a link to its calls', () => {
    const html = draw(runsAt({ 12: 1, 13: 4 }));
    expect(html).toContain(
      'href="/page/calls?from=2026-11-01T01:00:00.000Z&amp;to=2026-11-01T01:05:00.000Z" aria-label="2026-11-01T01:00:00.000Z 1 4"',
    );
    expect([rectangles(html, 'some'), rectangles(html, 'failed')]).toEqual([
      [[12, 2, 1, 4]],
      [[13, 0, 1, 6]],
    ]);
  });

  it('has a link for each hour where very many windows have errors, and draws every window', () => {
    const many = Object.fromEntries(Array.from({ length: 1200 }, (_, at) => [at, 4]));
    const html = draw(runsAt(many));
    expect(html.match(/<a /g)).toHaveLength(100);
    expect(html).toContain('aria-label="2026-11-01T01:00:00.000Z 48 48"');
    expect(rectangles(html, 'failed')).toHaveLength(1200);
  });

  it('puts a window on its day in the zone of the agreement', () => {
    expect(rectangles(draw(runsAt({ 287: 0 }), { zone: 'Asia/Shanghai' }), 'good')).toEqual([[95, 7, 1, 6]]);
  });

  it('has a longer row for a day of 25 hours', () => {
    const html = draw(runsAt({ 0: 0 }), { zone: 'America/New_York' });
    const widths = rectangles(html, 'ground').map(([, , width]) => width);
    expect(widths).toEqual([300, ...Array.from({ length: 29 }, () => 288)]);
  });

  it('draws what no sidecar saw, and what is excluded', () => {
    const hour = { start: MONTH_AT + 36_000_000, end: MONTH_AT + 39_600_000 };
    const html = draw(runsAt({ 0: 0 }), { gaps: [hour], excluded: [{ ...hour, start: hour.start + 1 }] });
    expect([rectangles(html, 'gap'), rectangles(html, 'excluded')]).toEqual([
      [[120, 0, 12, 6]],
      [[120, 4.5, 12, 1.5]],
    ]);
  });

  it('draws as many windows as there are, however they lie', () => {
    const places = fc.uniqueArray(fc.integer({ min: 0, max: 288 * 30 - 1 }), { maxLength: 200 });
    fc.assert(
      fc.property(places, fc.integer({ min: 0, max: 4 }), (windows, errors) => {
        const html = draw(runsAt(Object.fromEntries(windows.map((at) => [at, at % 3 === 0 ? errors : 0]))));
        const all = ['good', 'some', 'failed'].flatMap((kind) => rectangles(html, kind));
        expect(all.reduce((sum, [, , width]) => sum + (width ?? 0), 0)).toBe(windows.length);
      }),
      { numRuns: 100 },
    );
  });
});
