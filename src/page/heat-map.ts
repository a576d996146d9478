/**
 * A month as a calendar: a row for each day, a place for each of its 5-minute windows.
 *
 * Windows of one kind are one path, so that a month with traffic all the time stays small. Each window with errors is a link to its calls;
 * a month with very many of them has a link for each hour instead. The links are one stop of the keyboard: the page's script moves between them by
 * arrow keys.
 *
 * **Invariant**: colour is not the only sign: a window in which some requests failed is lower than one in which half or more did, and each link
 * has its numbers as its name.
 */
import { startOfDay, addDays, daysOfMonth } from '../sla/period.ts';
import { WINDOW_MS, WINDOWS_PER_DAY, type Span } from '../sla/window.ts';
import type { Ms } from '../units.ts';
import { h, type Element, type Part } from './element.ts';

/** Windows with traffic; one with errors is an entry of its own. */
export interface MapRun {
  /** ISO 8601. */
  start: string;
  windows: number;
  valid: number;
  errors: number;
}

const ROW = 6;
const GAP = 1;
/** Room for the labels of days, and for the upper half of the first one. */
const LEFT = 34;
const TOP = 3;
const HOUR_WINDOWS = 12;
/** From this share of errors on a window is drawn as a failure; below it, as one with errors. */
const FAILED_SHARE = 0.5;
/** Above this number of windows with errors, an hour is a link. */
const LINKS_MAX = 600;
const HOURS_LABELLED = [0, 6, 12, 18];

/** What is drawn, in the order in which it is drawn, with its place in a row. */
const KINDS = {
  gap: { top: 0, height: ROW },
  good: { top: 0, height: ROW },
  some: { top: 2, height: ROW - 2 },
  failed: { top: 0, height: ROW },
  excluded: { top: ROW - 1.5, height: 1.5 },
} as const;
type Kind = keyof typeof KINDS;

export interface HeatMapOptions {
  /** `2026-11`. */
  month: string;
  zone: string;
  label: string;
  /** Stretches in which no sidecar ran, and those that are excluded. */
  gaps: readonly Span[];
  excluded: readonly Span[];
  /** Where the calls of a span are. */
  link: (from: string, to: string) => string;
  /** The words for a span with errors. */
  title: (span: { from: string; to: string; errors: number; valid: number }) => string;
}

/** Draws a month; nothing if it has no traffic. */
export function heatMap(runs: readonly MapRun[], options: HeatMapOptions): Part {
  if (runs.length === 0) return null;
  const days = daysOf(options);
  const columns = Math.max(WINDOWS_PER_DAY, ...days.map(({ start, end }) => (end - start) / WINDOW_MS));
  const spans: Record<Kind, Span[]> = {
    gap: [...options.gaps],
    good: [],
    some: [],
    failed: [],
    excluded: [...options.excluded],
  };
  for (const run of runs) spans[kindOf(run)].push(spanOf(run));
  return h(
    'svg',
    {
      class: 'heat',
      viewBox: `-${LEFT} -${TOP} ${columns + LEFT + 2} ${days.length * (ROW + GAP) + 10 + TOP}`,
      role: 'group',
      'aria-label': options.label,
      'data-map': '',
    },
    days.map(({ day }, at) =>
      label(day.slice(5), {
        kind: 'day',
        x: -2,
        y: at * (ROW + GAP) + ROW - 1,
        anchor: 'end',
      }),
    ),
    drawn(
      'ground',
      days
        .map(({ start, end }, at) =>
          rectangle({ row: at, x: 0, width: (end - start) / WINDOW_MS }, KINDS.good),
        )
        .join(''),
    ),
    (Object.keys(KINDS) as Kind[]).map((kind) => drawn(kind, pathOf(spans[kind], days, KINDS[kind]))),
    linksOf(runs, days, options),
    HOURS_LABELLED.map((hour) =>
      label(`${hour}:00`, {
        kind: 'hour',
        x: hour * HOUR_WINDOWS,
        y: days.length * (ROW + GAP) + 7,
        anchor: 'start',
      }),
    ),
  );
}

interface Day extends Span {
  day: string;
}

function daysOf({ month, zone }: HeatMapOptions): Day[] {
  return daysOfMonth(month).map((day) => ({
    day,
    start: startOfDay(day, zone),
    end: startOfDay(addDays(day, 1), zone),
  }));
}

function spanOf({ start, windows }: MapRun): Span {
  const at = Date.parse(start);
  return { start: at, end: at + windows * WINDOW_MS };
}

function kindOf({ valid, errors }: MapRun): 'good' | 'some' | 'failed' {
  if (errors === 0) return 'good';
  return errors >= valid * FAILED_SHARE ? 'failed' : 'some';
}

/** The places of a span: one in each row that it touches. */
function placesOf({ start, end }: Span, days: readonly Day[]): { row: number; x: number; width: number }[] {
  const places = [];
  for (let row = firstRow(start, days); row < days.length; row += 1) {
    const day = days[row];
    if (!day || day.start >= end) break;
    const from = Math.max(start, day.start);
    places.push({
      row,
      x: Math.floor((from - day.start) / WINDOW_MS),
      width: Math.ceil((Math.min(end, day.end) - from) / WINDOW_MS),
    });
  }
  return places;
}

/** Gives the first row that ends after an instant. */
function firstRow(at: Ms, days: readonly Day[]): number {
  const row = days.findIndex(({ end }) => end > at);
  return row === -1 ? days.length : row;
}

function pathOf(
  spans: readonly Span[],
  days: readonly Day[],
  place: { top: number; height: number },
): string {
  return spans.flatMap((span) => placesOf(span, days).map((at) => rectangle(at, place))).join('');
}

function rectangle(
  { row, x, width }: { row: number; x: number; width: number },
  { top, height }: { top: number; height: number },
): string {
  return `M${x} ${row * (ROW + GAP) + top}h${width}v${height}h${-width}z`;
}

function drawn(kind: string, path: string): Element | null {
  return path === '' ? null : h('path', { class: kind, d: path });
}

function label(
  text: string,
  { kind, x, y, anchor }: { kind: 'day' | 'hour'; x: number; y: number; anchor: string },
): Element {
  return h('text', { class: kind, x, y, 'text-anchor': anchor, 'aria-hidden': 'true' }, text);
}

/** Windows with errors, each with a link to its calls; by hours if there are many. */
function linksOf(runs: readonly MapRun[], days: readonly Day[], options: HeatMapOptions): Element[] {
  const failed = runs.filter(({ errors }) => errors > 0);
  const sizeMs = failed.length > LINKS_MAX ? HOUR_WINDOWS * WINDOW_MS : WINDOW_MS;
  const groups = new Map<Ms, { errors: number; valid: number }>();
  for (const run of failed) {
    const start = Math.floor(Date.parse(run.start) / sizeMs) * sizeMs;
    const group = groups.get(start) ?? { errors: 0, valid: 0 };
    groups.set(start, { errors: group.errors + run.errors, valid: group.valid + run.valid });
  }
  return [...groups].flatMap(([start, counts]) => {
    const span = { start, end: start + sizeMs };
    const [from, to] = [new Date(span.start).toISOString(), new Date(span.end).toISOString()];
    const name = options.title({ from, to, ...counts });
    return placesOf(span, days)
      .slice(0, 1)
      .map(({ row, x, width }) =>
        h(
          'a',
          { href: options.link(from, to), 'aria-label': name },
          h('title', null, name),
          h('rect', { x, y: row * (ROW + GAP), width, height: ROW }),
        ),
      );
  });
}
