import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { htmlOf, h } from '../../src/page/element.ts';
import { heatMap, type MapWindow } from '../../src/page/heat-map.ts';

const WINDOW_MS = 300_000;

function draw(windows: readonly MapWindow[], zone = 'UTC'): string {
  const drawn = heatMap(windows, {
    month: '2026-11',
    zone,
    label: 'November',
    link: (from, to) => `/page/calls?from=${from}&to=${to}`,
    title: (from, errors, valid) => `${from} ${errors} ${valid}`,
  });
  return htmlOf(h('div', null, drawn));
}

const windowAt = (at: number, errors: number, valid = 4): MapWindow => ({
  start: new Date(Date.UTC(2026, 10, 1) + at * WINDOW_MS).toISOString(),
  valid,
  errors,
});

describe('the calendar of a month', () => {
  it('draws nothing without traffic', () => {
    expect(draw([])).toBe('<div></div>');
  });

  it('has a row for each day, and joins good windows that follow each other', () => {
    const html = draw([windowAt(0, 0), windowAt(1, 0), windowAt(2, 0), windowAt(288, 0)]);
    expect(html.match(/class="ground"/g)).toHaveLength(30);
    expect(
      [...html.matchAll(/class="good" x="(\d+)" y="(\d+)" width="(\d+)"/g)].map((m) => m.slice(1)),
    ).toEqual([
      ['0', '0', '3'],
      ['0', '7', '1'],
    ]);
  });

  it('shows each window with errors by itself, with a link to its calls', () => {
    const html = draw([windowAt(12, 1), windowAt(13, 4)]);
    expect(html).toContain(
      'href="/page/calls?from=2026-11-01T01:00:00.000Z&amp;to=2026-11-01T01:05:00.000Z"',
    );
    expect([html.includes('class="some" x="12"'), html.includes('class="failed" x="13"')]).toEqual([
      true,
      true,
    ]);
  });

  it('puts a window on its day in the zone of the agreement', () => {
    expect(draw([windowAt(287, 0)], 'Asia/Shanghai')).toContain(`class="good" x="95" y="7"`);
  });

  it('draws as many windows as there are, however they lie', () => {
    const windows = fc.uniqueArray(fc.integer({ min: 0, max: 288 * 30 - 1 }), { maxLength: 200 });
    fc.assert(
      fc.property(windows, fc.integer({ min: 0, max: 4 }), (places, errors) => {
        const html = draw(places.map((at) => windowAt(at, at % 3 === 0 ? errors : 0)));
        const widths = [...html.matchAll(/class="(?:good|some|failed)" x="\d+" y="\d+" width="(\d+)"/g)];
        expect(widths.reduce((sum, [, width]) => sum + Number(width), 0)).toBe(places.length);
      }),
      { numRuns: 100 },
    );
  });
});
