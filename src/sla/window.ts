/**
 * The agreement's five-minute windows, counted from the epoch, and spans of time made of them.
 *
 * **Invariant**: a window is named by the instant at which it starts, a multiple of {@link WINDOW_MS}; it holds
 * the instants from there (inclusive) to the next start (exclusive). The offset of every time zone in use today is a
 * multiple of 15 minutes, so that a local midnight is always a window's start (IANA tz database 2026a).
 */
import type { Ms } from '../units.ts';

/** The agreement's "5 minutes" (SLA, 1.4). */
export const WINDOW_MS: Ms = 300_000;
/** The agreement's "12 x 24" (SLA, 2.1): windows in a day, also on a day of 23 or 25 hours. */
export const WINDOWS_PER_DAY = 288;

/** A stretch of time: `start` inclusive, `end` exclusive. */
export interface Span {
  start: Ms;
  end: Ms;
}

/** Gives the start of the window that holds an instant. */
export function windowStart(at: Ms): Ms {
  return Math.floor(at / WINDOW_MS) * WINDOW_MS;
}

/** Merges spans that overlap or touch, in order of time; empty and inverted ones are dropped. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  const ordered = spans.filter((span) => span.end > span.start).sort((a, b) => a.start - b.start);
  for (const span of ordered) {
    const last = merged.at(-1);
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else merged.push({ start: span.start, end: span.end });
  }
  return merged;
}

/** Returns whether an instant is in one of some merged spans. */
export function spansHold(merged: readonly Span[], at: Ms): boolean {
  let low = 0;
  let high = merged.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const span = merged[middle];
    if (!span || at < span.start) high = middle;
    else if (at >= span.end) low = middle + 1;
    else return true;
  }
  return false;
}

/** Cuts merged spans to a bound. */
export function clipSpans(merged: readonly Span[], bound: Span): Span[] {
  return merged
    .map((span) => ({ start: Math.max(span.start, bound.start), end: Math.min(span.end, bound.end) }))
    .filter((span) => span.end > span.start);
}

/** Gives the parts of a bound that are in none of some merged spans, in order. */
export function spansOutside(merged: readonly Span[], bound: Span): Span[] {
  const outside: Span[] = [];
  let from = bound.start;
  for (const span of clipSpans(merged, bound)) {
    if (span.start > from) outside.push({ start: from, end: span.start });
    from = span.end;
  }
  if (from < bound.end) outside.push({ start: from, end: bound.end });
  return outside;
}

/** Counts the windows that are wholly or partly in some merged spans, each once. */
export function countWindows(merged: readonly Span[]): number {
  const whole = merged.map((span) => ({
    start: windowStart(span.start),
    end: windowStart(span.end + WINDOW_MS - 1),
  }));
  return mergeSpans(whole).reduce((sum, span) => sum + (span.end - span.start) / WINDOW_MS, 0);
}
