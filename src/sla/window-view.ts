/** Windows in the form for people: one line each, by class, and the worst of them. */
import type { Ms } from '../units.ts';
import {
  addCounts,
  emptyCounts,
  lostIn,
  serverErrorsIn,
  unreachableIn,
  type ClassCounts,
  type WindowSlice,
} from './counts.ts';
import { READINGS, type WindowRate } from './reading.ts';

const WORST_WINDOWS = 10;

/** The classes of a listed window, in the order of their columns. */
export const VIEW_CLASSES = [
  'ok',
  'client_error',
  'throttled',
  'server_error',
  'unreachable',
  'no_answer',
  'aborted',
  'maintenance',
  'unreachable_upstream',
  'unreachable_local',
  'unreachable_unknown',
  'excluded',
] as const;

/** A window in a list: the worst ones, and `GET /v1/sla/YYYY-MM/windows`. */
export interface WindowView {
  start: string;
  valid: number;
  errors: number;
  /** By the closed words of a call's outcome; 5001 and the blames are parts of their outcome's count. */
  byClass: Record<(typeof VIEW_CLASSES)[number], number>;
}

/** Joins the slices of each window into one line of the list, in order of time. */
export function windowViews(slices: readonly WindowSlice[]): WindowView[] {
  const byWindow = new Map<Ms, WindowSlice[]>();
  for (const slice of slices) {
    const group = byWindow.get(slice.windowStart);
    if (group) group.push(slice);
    else byWindow.set(slice.windowStart, [slice]);
  }
  return [...byWindow]
    .sort(([a], [b]) => a - b)
    .map(([start, group]) => viewOf(start, group))
    .filter((view) => Object.values(view.byClass).some((count) => count > 0));
}

function viewOf(start: Ms, group: readonly WindowSlice[]): WindowView {
  const counts = sumCounts(group);
  const reading = READINGS.contract;
  return {
    start: new Date(start).toISOString(),
    valid: group.reduce((total, slice) => total + reading.valid(slice), 0),
    errors: group.reduce((total, slice) => total + reading.errors(slice), 0),
    byClass: {
      ok: counts.ok,
      client_error: counts.client_error,
      throttled: counts.throttled,
      server_error: serverErrorsIn(counts),
      unreachable: unreachableIn(counts),
      no_answer: counts.no_answer,
      aborted: counts.aborted,
      maintenance: counts.maintenance,
      unreachable_upstream: counts.unreachable_upstream,
      unreachable_local: counts.unreachable_local,
      unreachable_unknown: counts.unreachable_unknown,
      excluded: excludedIn(group),
    },
  };
}

/** Counts the errors that exclusions leave out. */
export function excludedIn(slices: readonly WindowSlice[]): number {
  return slices
    .filter((slice) => slice.excluded)
    .reduce((total, { counts }) => total + serverErrorsIn(counts) + lostIn(counts), 0);
}

/** Sums the counts of slices. */
export function sumCounts(slices: readonly WindowSlice[]): ClassCounts {
  const counts = emptyCounts();
  for (const slice of slices) addCounts(counts, slice.counts);
  return counts;
}

/** Picks the windows that cost most: highest rate first, then most errors, then earliest. */
export function worstOf(slices: readonly WindowSlice[], rates: readonly WindowRate[]): WindowView[] {
  const worst = rates
    .filter((rate) => rate.errors > 0)
    .sort(
      (a, b) =>
        b.errors * a.valid - a.errors * b.valid || b.errors - a.errors || a.windowStart - b.windowStart,
    )
    .slice(0, WORST_WINDOWS);
  return worst.map(({ windowStart: start }) =>
    viewOf(
      start,
      slices.filter((slice) => slice.windowStart === start),
    ),
  );
}
