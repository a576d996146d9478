/** The check of the windows' counts against the journal, day by day so that no list grows with the month. */
import { CALL_CLASSES, type CallClass } from '../calls/outcome.ts';
import { readDroppedTo } from '../calls/retention.ts';
import { defineRead } from '../store/operation.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import { sliceKey, type WindowSlice } from './counts.ts';
import { exclusionSpans } from './exclusion-table.ts';
import { countJournal } from './recount.ts';
import { WINDOW_MS, windowStart, type Span } from './window.ts';
import { selectSlices } from './window-table.ts';

/** A count that differs from the journal. */
export interface CountDifference {
  windowStart: string;
  host: string;
  origin: string;
  retry: boolean;
  excluded: boolean;
  class: CallClass;
  counted: number;
  journalled: number;
}

export interface DayCheck {
  /** Windows compared: those with counts or with calls in the journal. */
  windows: number;
  attempts: number;
  differences: CountDifference[];
}

const DIFFERENCES_MAX = 1000;

/**
 * Recounts a time range of the journal and compares; at most 1000 differences are listed.
 * @param span widened to whole windows; ask for about a day at a time.
 */
export const verifyWindows = defineRead('sla.verifyWindows', async (tx, span: Span): Promise<DayCheck> => {
  const whole = { start: windowStart(span.start), end: windowStart(span.end + WINDOW_MS - 1) };
  const counted = await selectSlices(tx, whole);
  const journalled = await countJournal(tx, whole, await exclusionSpans(tx, whole));
  return compareSlices(counted, journalled);
});

/** Gives the span of the journal, first call to last, both inclusive; null if it is empty. */
export const readJournalSpan = defineRead('sla.readJournalSpan', async (tx): Promise<Span | null> => {
  const row = await tx.get<{ first: Ms | null; last: Ms | null }>(
    `SELECT MIN(first) AS first, MAX(last) AS last FROM (
       SELECT (SELECT MIN(at) FROM journal) AS first, (SELECT MAX(at) FROM journal) AS last
       UNION ALL SELECT (SELECT MIN(sent_at) FROM creates WHERE outcome IS NOT NULL),
         (SELECT MAX(sent_at) FROM creates WHERE outcome IS NOT NULL)) AS spans`,
  );
  return row?.first === null || row?.last === null || !row ? null : { start: row.first, end: row.last };
});

const DAY_MS = 86_400_000;

/** The result of a check of a longer range; from `from` on, the journal is complete. */
export interface SlaCheck extends DayCheck {
  from: string | null;
  to: string | null;
}

/**
 * Checks the windows of a time range against the journal, a day at a time, as far back as the journal reaches.
 *
 * Two kinds of windows are left out, since their counts are kept but their rows are not: those older than the journal,
 * and the one in which the journal begins, if older counts exist.
 */
export async function verifySla(store: Pick<Store, 'read'>, range: Span): Promise<SlaCheck> {
  const total: SlaCheck = { windows: 0, attempts: 0, differences: [], from: null, to: null };
  const journal = await store.read(readJournalSpan, {});
  if (!journal) return total;
  const first = windowStart(journal.start);
  const isCut = (await store.read(readFirstWindow, {})) < first;
  const whole = windowStart((await store.read(readDroppedTo, {})) + WINDOW_MS - 1);
  const start = Math.max(windowStart(range.start), isCut ? first + WINDOW_MS : first, whole);
  const end = Math.min(range.end, windowStart(journal.end) + WINDOW_MS);
  if (start >= end) return total;
  for (
    let at = await store.read(readNextWindow, { from: start });
    at < end;
    at = await store.read(readNextWindow, { from: at + DAY_MS })
  ) {
    const day = await store.read(verifyWindows, { start: at, end: Math.min(at + DAY_MS, end) });
    total.windows += day.windows;
    total.attempts += day.attempts;
    total.differences.push(...day.differences.slice(0, DIFFERENCES_MAX - total.differences.length));
  }
  return { ...total, from: new Date(start).toISOString(), to: new Date(end).toISOString() };
}

/** Gives the start of the oldest window with counts; the largest safe integer if there is none. */
export const readFirstWindow = defineRead('sla.readFirstWindow', async (tx): Promise<Ms> => {
  const row = await tx.get<{ first: Ms | null }>('SELECT MIN(window_start) AS first FROM sla_windows');
  return row?.first ?? Number.MAX_SAFE_INTEGER;
});

/**
 * Gives the first window from `from` on that has counts or calls, so that years without calls cost nothing; the largest
 * safe integer if there is none.
 */
export const readNextWindow = defineRead(
  'sla.readNextWindow',
  async (tx, { from }: { from: Ms }): Promise<Ms> => {
    const row = await tx.get<{ counted: Ms | null; journalled: Ms | null }>(
      'SELECT (SELECT MIN(window_start) FROM sla_windows WHERE window_start >= ?) AS counted, ' +
        '(SELECT MIN(at) FROM (SELECT MIN(at) AS at FROM journal WHERE at >= ? UNION ALL ' +
        'SELECT MIN(sent_at) FROM creates WHERE outcome IS NOT NULL AND sent_at >= ?) AS spans) AS journalled',
      from,
      from,
      from,
    );
    const { counted = null, journalled = null } = row ?? {};
    const next = Math.min(counted ?? Infinity, journalled === null ? Infinity : windowStart(journalled));
    return Number.isFinite(next) ? next : Number.MAX_SAFE_INTEGER;
  },
);

function compareSlices(counted: readonly WindowSlice[], journalled: readonly WindowSlice[]): DayCheck {
  const pairs = new Map<string, { counted?: WindowSlice; journalled?: WindowSlice }>();
  for (const slice of counted) pairs.set(sliceKey(slice), { counted: slice });
  for (const slice of journalled) {
    const key = sliceKey(slice);
    pairs.set(key, { ...pairs.get(key), journalled: slice });
  }
  const check: DayCheck = { windows: 0, attempts: 0, differences: [] };
  const windows = new Set<number>();
  for (const pair of pairs.values()) {
    const named = pair.counted ?? pair.journalled;
    if (!named) continue;
    windows.add(named.windowStart);
    for (const name of CALL_CLASSES) {
      const a = pair.counted?.counts[name] ?? 0;
      const b = pair.journalled?.counts[name] ?? 0;
      check.attempts += b;
      if (a !== b && check.differences.length < DIFFERENCES_MAX)
        check.differences.push(differenceOf(named, name, [a, b]));
    }
  }
  check.windows = windows.size;
  return check;
}

function differenceOf(
  slice: WindowSlice,
  name: CallClass,
  [counted, journalled]: [number, number],
): CountDifference {
  const { host, origin, retry, excluded } = slice;
  const start = new Date(slice.windowStart).toISOString();
  return { windowStart: start, host, origin, retry, excluded, class: name, counted, journalled };
}
