/**
 * A calendar of a month's windows as one SVG: a row a day, a column each five minutes, coloured by error rate.
 *
 * **Invariant**: plain SVG text without scripts, fonts or links, so that it prints and opens everywhere. Colour is not
 * the only sign: each window with errors has a title with its numbers.
 */
import { escapeXml } from '../markup.ts';
import type { Ms } from '../units.ts';
import { addDays, dayOf, daysFrom, startOfDay } from './period.ts';
import type { WindowRate } from './reading.ts';
import { WINDOW_MS, type Span } from './window.ts';

const CELL_WIDTH = 3;
const ROW_HEIGHT = 19;
const LEFT = 104;
const TOP = 24;
const RIGHT = 24;
/** On A4 the picture is drawn at two thirds of its size: labels must be readable there. */
const FONT_SIZE = 15;
/** Extra width of a mark on each side of its window. */
const MARK_MS = 60_000;
const HOURS_LABELLED = [0, 3, 6, 9, 12, 15, 18, 21, 24];

/** Colours by state, explained in the legend: the worse, the darker, so that a print without colours shows them too. */
export const HEAT_COLOURS = {
  idle: '#f3f5f7',
  fine: '#cfe5d8',
  notObserved: '#b4bcc8',
  low: '#e0a100',
  middle: '#c8501e',
  high: '#7d0a0a',
} as const;

export interface HeatMapInput {
  days: readonly string[];
  timeZone: string;
  rates: readonly WindowRate[];
  gaps: readonly Span[];
  /** The picture's title for screen readers. */
  title: string;
}

/** Draws the calendar. */
export function drawHeatMap(input: HeatMapInput): string {
  const width = LEFT + 288 * CELL_WIDTH + RIGHT;
  const height = TOP + input.days.length * ROW_HEIGHT + 6;
  const rows = input.days.map((day, index) => drawDay(day, TOP + index * ROW_HEIGHT, input));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${width} ${height}" width="${width}" ` +
      `height="${height}" font-family="sans-serif" font-size="${FONT_SIZE}">`,
    `<title>${escapeXml(input.title)}</title>`,
    ...HOURS_LABELLED.map(
      (hour) =>
        `<text x="${LEFT + hour * 12 * CELL_WIDTH}" y="${FONT_SIZE}" text-anchor="middle">` +
        `${String(hour).padStart(2, '0')}:00</text>`,
    ),
    ...rows,
    '</svg>',
  ].join('\n');
}

/** Gives the colour of a rate above 0: up to a tenth, up to a half, above. */
function colourOf(rate: WindowRate): string {
  if (rate.errors === 0) return HEAT_COLOURS.fine;
  if (rate.errors * 10 <= rate.valid) return HEAT_COLOURS.low;
  return rate.errors * 2 <= rate.valid ? HEAT_COLOURS.middle : HEAT_COLOURS.high;
}

function drawDay(day: string, y: number, input: HeatMapInput): string {
  const span = { start: startOfDay(day, input.timeZone), end: startOfDay(addDays(day, 1), input.timeZone) };
  const x = (at: Ms): number => LEFT + ((at - span.start) / WINDOW_MS) * CELL_WIDTH;
  const bar = (part: Span, colour: string): string =>
    `<rect x="${x(part.start)}" y="${y}" width="${x(part.end) - x(part.start)}" height="${ROW_HEIGHT - 3}" ` +
    `fill="${colour}"`;
  const gaps = input.gaps
    .filter((gap) => gap.end > span.start && gap.start < span.end)
    .map((gap) => ({ start: Math.max(gap.start, span.start), end: Math.min(gap.end, span.end) }))
    .map((gap) => `${bar(gap, HEAT_COLOURS.notObserved)}/>`);
  const time = timeOfDay(input.timeZone);
  const cells = joinFine(
    input.rates.filter((rate) => rate.windowStart >= span.start && rate.windowStart < span.end),
  );
  return [
    `<text x="0" y="${y + FONT_SIZE - 1}">${escapeXml(day)}</text>`,
    `${bar(span, HEAT_COLOURS.idle)}/>`,
    ...gaps,
    ...cells.flatMap(({ part, rate }) => (rate.errors === 0 ? [`${bar(part, HEAT_COLOURS.fine)}/>`] : [])),
    // Drawn last and a little wider than five minutes: otherwise a single one would be hard to see.
    ...cells.flatMap(({ part, rate }) => {
      if (rate.errors === 0) return [];
      const start = new Date(rate.windowStart).toISOString();
      const wide = { start: part.start - MARK_MS, end: part.end + MARK_MS };
      const local = `${day} ${time.format(rate.windowStart)}`;
      const title = `${local} (${start}): ${rate.errors} of ${rate.valid}`;
      return [`${bar(wide, colourOf(rate))}><title>${escapeXml(title)}</title></rect>`];
    }),
  ].join('\n');
}

/** Writes a time of day in a zone. */
function timeOfDay(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

/** Joins neighbours without errors into one bar, so that a month stays a small file. */
function joinFine(rates: readonly WindowRate[]): { part: Span; rate: WindowRate }[] {
  const cells: { part: Span; rate: WindowRate }[] = [];
  for (const rate of rates) {
    const last = cells.at(-1);
    const end = rate.windowStart + WINDOW_MS;
    if (rate.errors === 0 && last?.rate.errors === 0 && last.part.end === rate.windowStart)
      last.part.end = end;
    else cells.push({ part: { start: rate.windowStart, end }, rate });
  }
  return cells;
}

/** Gives the days that the spans of a service period cover, for the rows. */
export function daysIn(spans: readonly Span[], timeZone: string): string[] {
  return spans.flatMap(({ start, end }) => daysFrom(dayOf(start, timeZone), dayOf(end - 1, timeZone)));
}
