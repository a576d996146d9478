/**
 * When a sidecar ran: from its starts and heartbeats to the windows that no sidecar observed.
 *
 * **Invariant**: a run lasts from its start to its last heartbeat and never over a gap: after a machine's sleep or a
 * change of the clock a new run begins. A window is observed if a run touches it.
 */
import type { Ms } from '../units.ts';
import {
  clipSpans,
  countWindows,
  mergeSpans,
  spansOutside,
  WINDOW_MS,
  windowStart,
  type Span,
} from './window.ts';

/** The interval of a running sidecar's heartbeats. */
export const HEARTBEAT_MS: Ms = 60_000;
/** A longer time between two heartbeats begins a new run: the process was not running in between. */
export const HEARTBEAT_GAP_MS: Ms = 3 * HEARTBEAT_MS;

/** A stretch of windows in which no sidecar ran. */
export interface Gap {
  start: Ms;
  end: Ms;
  windows: number;
}

/** Widens spans to whole windows and merges them. */
export function toWholeWindows(spans: readonly Span[]): Span[] {
  return mergeSpans(
    spans.map((span) => ({ start: windowStart(span.start), end: windowStart(span.end - 1) + WINDOW_MS })),
  );
}

/** Lists the gaps within a period, up to the window that `until` lies in (exclusive). */
export function gapsIn(period: readonly Span[], runs: readonly Span[], until: Ms): Gap[] {
  const observed = toWholeWindows(
    runs.map((run) => ({ start: run.start, end: Math.max(run.end, run.start) + 1 })),
  );
  const past = { start: 0, end: windowStart(until) };
  return clipSpans(period, past)
    .flatMap((span) => spansOutside(observed, span))
    .map((span) => ({ ...span, windows: countWindows([span]) }));
}
