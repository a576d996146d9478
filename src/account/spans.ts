/** Few time ranges around many instants, for questions to Kling's ledgers. */
import type { Ms } from '../units.ts';

/** `end` is exclusive. */
export interface Span {
  start: Ms;
  end: Ms;
}

/**
 * Gives ranges that contain each instant with a margin on both sides, in order, and at most `spansMax` of them: the shortest
 * gaps are joined first.
 */
export function spansAround(
  instants: readonly Ms[],
  { marginMs, spansMax }: { marginMs: Ms; spansMax: number },
): Span[] {
  const sorted = instants.toSorted((a, b) => a - b);
  const gaps = sorted.slice(1).map((at, index) => at - (sorted[index] ?? at));
  // Ranges that touch are one in any case; of the others the longest gaps stay.
  const apart = gaps.filter((gap) => gap > 2 * marginMs).toSorted((a, b) => b - a);
  const shortestKept = apart.length < spansMax ? 2 * marginMs : (apart[spansMax - 1] ?? Infinity);
  const spans: Span[] = [];
  for (const at of sorted) {
    const last = spans.at(-1);
    const isNear = last !== undefined && at - (last.end - marginMs) <= shortestKept;
    if (isNear) last.end = at + marginMs;
    else spans.push({ start: at - marginMs, end: at + marginMs });
  }
  return spans;
}
