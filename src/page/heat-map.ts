/**
 * A month as a calendar: a row for each day, a place for each of its 5-minute windows.
 *
 * Windows without traffic are the ground of the picture. Neighbours of the same kind are one rectangle, so that a month with
 * traffic all the time stays small.
 */
import { h, type Element, type Part } from './element.ts';
import type { Ms } from '../units.ts';

export interface MapWindow {
  /** ISO 8601. */
  start: string;
  valid: number;
  errors: number;
}

const WINDOW_MS: Ms = 300_000;
/** Windows of a day; a day on which a zone changes its clock may have up to twelve more. */
const WIDTH = 288;
const ROW = 6;
const GAP = 1;
/** From this share of errors on a window is drawn as a failure; below it, as one with errors. */
const FAILED_SHARE = 0.5;

type Kind = 'good' | 'some' | 'failed';

interface Run {
  day: string;
  from: number;
  windows: number;
  kind: Kind;
  first: MapWindow;
}

export interface HeatMapOptions {
  /** `2026-11`. */
  month: string;
  zone: string;
  label: string;
  /** Where the calls of a span are. */
  link: (from: string, to: string) => string;
  /** The words for a span of windows. */
  title: (from: string, errors: number, valid: number) => string;
}

/** Draws the windows of a month; nothing if none had traffic. */
export function heatMap(windows: readonly MapWindow[], options: HeatMapOptions): Part {
  if (windows.length === 0) return null;
  const placeOf = placer(options.zone);
  const runs = runsOf(windows, placeOf);
  const days = daysOf(options.month);
  const rows = new Map(days.map((day, at) => [day, at]));
  return h(
    'svg',
    {
      class: 'heat',
      viewBox: `-34 0 ${WIDTH + 36} ${days.length * (ROW + GAP) + 10}`,
      role: 'img',
      'aria-label': options.label,
    },
    days.map((day, at) =>
      h('text', { class: 'day', x: -2, y: at * (ROW + GAP) + ROW - 1, 'text-anchor': 'end' }, day.slice(5)),
    ),
    days.map((_, at) => h('rect', { class: 'ground', x: 0, y: at * (ROW + GAP), width: WIDTH, height: ROW })),
    runs.map((run) => drawn(run, rows.get(run.day) ?? 0, options)),
    [0, 6, 12, 18].map((hour) =>
      h('text', { class: 'day', x: hour * 12, y: days.length * (ROW + GAP) + 7 }, `${hour}:00`),
    ),
  );
}

/** Gives every day of a month. */
function daysOf(month: string): string[] {
  const [year = 0, number = 1] = month.split('-').map(Number);
  const count = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from({ length: count }, (_, at) => `${month}-${String(at + 1).padStart(2, '0')}`);
}

function drawn({ from, windows, kind, first }: Run, row: number, { link, title }: HeatMapOptions): Element {
  const rect = h('rect', { class: kind, x: from, y: row * (ROW + GAP), width: windows, height: ROW });
  if (kind === 'good') return rect;
  const end = new Date(Date.parse(first.start) + windows * WINDOW_MS).toISOString();
  return h(
    'a',
    { href: link(first.start, end) },
    h('title', null, title(first.start, first.errors, first.valid)),
    rect,
  );
}

function kindOf({ valid, errors }: MapWindow): Kind {
  if (errors === 0) return 'good';
  return valid === 0 || errors / valid >= FAILED_SHARE ? 'failed' : 'some';
}

/** Joins neighbours of the same kind; a window with errors stays alone, so that it can be opened. */
function runsOf(windows: readonly MapWindow[], placeOf: (at: Ms) => { day: string; at: number }): Run[] {
  const runs: Run[] = [];
  for (const window of windows.toSorted((a, b) => (a.start < b.start ? -1 : 1))) {
    const { day, at } = placeOf(Date.parse(window.start));
    const kind = kindOf(window);
    const last = runs.at(-1);
    if (kind === 'good' && last?.kind === kind && last.day === day && last.from + last.windows === at)
      last.windows += 1;
    else runs.push({ day, from: at, windows: 1, kind, first: window });
  }
  return runs;
}

/** Gives the day and the place in it of an instant, in a zone. */
function placer(zone: string): (at: Ms) => { day: string; at: number } {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (at) => {
    const text = format.format(at);
    const [hour = 0, minute = 0] = text.slice(11).split(':').map(Number);
    return { day: text.slice(0, 10), at: Math.floor((hour * 60 + minute) / 5) };
  };
}
