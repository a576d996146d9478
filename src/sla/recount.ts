/**
 * Counts a time range of the journal again, and moves counts when exclusions change.
 *
 * **Invariant**: a window wholly inside or outside the exclusions is moved by its counts alone, so that this works for
 * windows older than the journal. A window that an exclusion cuts is counted from the journal, and the change is refused
 * if the journal does not hold all of its calls.
 */
import { CALL_CLASSES, type CallClass } from '../calls/outcome.ts';
import { SidecarError } from '../errors.ts';
import type { Tx } from '../store/operation.ts';
import { attemptsIn, emptyCounts, type CountOrigin, type WindowSlice } from './counts.ts';
import { CLASS_SQL, ORIGIN_SQL, RETRY_SQL } from './slice-sql.ts';
import { clipSpans, spansHold, spansOutside, WINDOW_MS, type Span } from './window.ts';
import { addSlice, ALONE, removeSlice, selectSlices, SliceTally } from './window-table.ts';

interface JournalGroup {
  window_start: number;
  host: string;
  origin: CountOrigin;
  retry: number;
  class: string;
  attempts: number;
}

/** The journal's rows by window, slice and class. */
const COUNT_JOURNAL = `
SELECT (calls.at / ${WINDOW_MS}) * ${WINDOW_MS} AS window_start, calls.host AS host,
  ${ORIGIN_SQL} AS origin, ${RETRY_SQL} AS retry, ${CLASS_SQL} AS class, COUNT(*) AS attempts
FROM calls
WHERE calls.at >= ? AND calls.at < ?
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`;

/** Counts the journal's calls within a span into slices, by the merged exclusions. */
export async function countJournal(tx: Tx, span: Span, excluded: readonly Span[]): Promise<WindowSlice[]> {
  const tally = new SliceTally();
  const parts = [
    ...clipSpans(excluded, span).map((part) => ({ part, isExcluded: true })),
    ...spansOutside(excluded, span).map((part) => ({ part, isExcluded: false })),
  ];
  for (const { part, isExcluded } of parts) {
    const groups = await tx.all<JournalGroup>(COUNT_JOURNAL, part.start, part.end);
    for (const group of groups) {
      const counts = tally.countsOf({
        windowStart: group.window_start,
        host: group.host,
        origin: group.origin,
        retry: group.retry === 1,
        excluded: isExcluded,
        counts: emptyCounts(),
      });
      counts[toClass(group.class)] += group.attempts;
    }
  }
  return [...tally.slices];
}

function toClass(name: string): CallClass {
  const known = CALL_CLASSES.find((one) => one === name);
  if (!known)
    throw new SidecarError('store_corrupt', `the journal holds a call of the unknown outcome '${name}'.`);
  return known;
}

/**
 * Moves the counts of whole windows to the slices that the exclusions in force require.
 * @param whole a span of whole windows.
 * @param excluded the merged exclusions that touch it.
 * @throws SidecarError `bad_usage` if an exclusion cuts a window whose calls are no longer all in the journal.
 */
export async function recountExclusions(tx: Tx, whole: Span, excluded: readonly Span[]): Promise<void> {
  const slices = await selectSlices(tx, whole);
  const cut = new Set<number>();
  for (const slice of slices) {
    const window = { start: slice.windowStart, end: slice.windowStart + WINDOW_MS };
    const covered = clipSpans(excluded, window).reduce((sum, part) => sum + part.end - part.start, 0);
    if (covered > 0 && covered < WINDOW_MS) cut.add(slice.windowStart);
    else if (slice.excluded !== spansHold(excluded, slice.windowStart)) await moveSlice(tx, slice);
  }
  for (const start of cut) {
    const old = slices.filter((slice) => slice.windowStart === start);
    await recountWindow(tx, { start, end: start + WINDOW_MS }, { excluded, old });
  }
}

async function moveSlice(tx: Tx, slice: WindowSlice): Promise<void> {
  await removeSlice(tx, slice);
  await addSlice(tx, { ...slice, excluded: !slice.excluded }, ALONE);
}

async function recountWindow(
  tx: Tx,
  window: Span,
  state: { excluded: readonly Span[]; old: readonly WindowSlice[] },
): Promise<void> {
  const fresh = await countJournal(tx, window, state.excluded);
  const total = (slices: readonly WindowSlice[]): number =>
    slices.reduce((sum, slice) => sum + attemptsIn(slice.counts), 0);
  if (total(fresh) !== total(state.old)) {
    throw new SidecarError(
      'bad_usage',
      `the exclusion cuts the window of ${new Date(window.start).toISOString()}, whose calls are no longer all in ` +
        'the journal (store.callRetentionDays); choose times on 5-minute borders.',
    );
  }
  for (const slice of state.old) await removeSlice(tx, slice);
  for (const slice of fresh) await addSlice(tx, slice, ALONE);
}
