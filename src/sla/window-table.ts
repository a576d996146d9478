/**
 * The windows' counts as rows: adding, moving and reading slices.
 *
 * Each writer has rows of its own: an instance those of the calls that it journals, and {@link ALONE} what an exclusive operation
 * counts. A slice is the sum of its rows.
 */
import type { CallRecord } from '../calls/call.ts';
import { CALL_CLASSES, type CallClass } from '../calls/outcome.ts';
import type { SqlValue, SyncTx, Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import {
  emptyCounts,
  originOf,
  sliceKey,
  type ClassCounts,
  type CountOrigin,
  type WindowSlice,
} from './counts.ts';
import type { Stretches } from '../store/stretched-list.ts';
import { WINDOW_MS, windowStart as startOfWindow, type Span } from './window.ts';

interface WindowRow extends ClassCounts {
  window_start: number;
  host: string;
  origin: CountOrigin;
  retry: number;
  excluded: number;
}

/** The writer of counts that an exclusive operation makes: it runs alone, so that any instance may make them. */
export const ALONE = '';

const COLUMNS = CALL_CLASSES.join(', ');
const SUMS = CALL_CLASSES.map((name) => `SUM(${name}) AS ${name}`).join(', ');
const SLICE = 'window_start, host, origin, retry, excluded';
const ADD_SLICE =
  `INSERT INTO sla_windows (writer, ${SLICE}, ${COLUMNS}) ` +
  `VALUES (?, ?, ?, ?, ?, ?, ${CALL_CLASSES.map(() => '?').join(', ')}) ` +
  `ON CONFLICT (${SLICE}, writer) DO UPDATE SET ` +
  CALL_CLASSES.map((name) => `${name} = sla_windows.${name} + excluded.${name}`).join(', ');
const DELETE_SLICE =
  'DELETE FROM sla_windows WHERE window_start = ? AND host = ? AND origin = ? AND retry = ? AND excluded = ?';

/** One more of a class in the row that an attempt belongs to; the same statement checks whether it is excluded. */
const ADD_ONE = Object.fromEntries(
  CALL_CLASSES.map((name) => [
    name,
    `INSERT INTO sla_windows (writer, ${SLICE}, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ` +
      'CASE WHEN EXISTS (SELECT 1 FROM sla_exclusions WHERE withdrawn_at IS NULL AND to_at > ? AND from_at <= ?) ' +
      `THEN 1 ELSE 0 END, ${CALL_CLASSES.map((other) => (other === name ? 1 : 0)).join(', ')}) ` +
      `ON CONFLICT (${SLICE}, writer) DO UPDATE SET ` +
      `${name} = sla_windows.${name} + 1`,
  ]),
) as Record<CallClass, string>;

/** The same of a row that exists; the values are those of {@link ADD_ONE}. */
const RAISE_ONE = Object.fromEntries(
  CALL_CLASSES.map((name) => [
    name,
    `UPDATE sla_windows SET ${name} = ${name} + 1 ` +
      'WHERE writer = ? AND window_start = ? AND host = ? AND origin = ? AND retry = ? AND excluded = ' +
      'CASE WHEN EXISTS (SELECT 1 FROM sla_exclusions WHERE withdrawn_at IS NULL AND to_at > ? AND from_at <= ?) ' +
      'THEN 1 ELSE 0 END',
  ]),
) as Record<CallClass, string>;

/** As what an attempt is counted, and in whose row. */
interface CountedBy {
  name: CallClass;
  /** The name of the instance that journals it. */
  writer: string;
}

/** Adds one attempt to the row of its slice, and makes the row if there is none: one statement. */
export async function addCall(tx: Tx, call: CallRecord, by: CountedBy): Promise<void> {
  await tx.run(ADD_ONE[by.name], ...oneValues(call, by.writer));
}

/** As {@link addCall}, on an engine that answers at once. A change of a row costs a third of an insert that finds it. */
export function addCallAtOnce(tx: SyncTx, call: CallRecord, by: CountedBy): void {
  const values = oneValues(call, by.writer);
  if (tx.run(RAISE_ONE[by.name], values) === 0) tx.run(ADD_ONE[by.name], values);
}

function oneValues(call: CallRecord, writer: string): SqlValue[] {
  const retry = call.attempt > 1 ? 1 : 0;
  return [writer, startOfWindow(call.at), call.host, originOf(call), retry, call.at, call.at];
}

/** Adds a slice's counts to the row of a writer, and makes the row if there is none. */
export async function addSlice(tx: Tx, slice: WindowSlice, writer: string): Promise<void> {
  await tx.run(
    ADD_SLICE,
    writer,
    slice.windowStart,
    slice.host,
    slice.origin,
    Number(slice.retry),
    Number(slice.excluded),
    ...CALL_CLASSES.map((name) => slice.counts[name]),
  );
}

/** Removes a slice's rows, of every writer. */
export async function removeSlice(tx: Tx, slice: Omit<WindowSlice, 'counts'>): Promise<void> {
  const { windowStart, host, origin, retry, excluded } = slice;
  await tx.run(DELETE_SLICE, windowStart, host, origin, Number(retry), Number(excluded));
}

/** Reads the slices whose windows start within a span, in the order of their keys. */
export async function selectSlices(tx: Tx, span: Span): Promise<WindowSlice[]> {
  const rows = await tx.all<WindowRow>(
    `SELECT ${SLICE}, ${SUMS} FROM sla_windows ` +
      `WHERE window_start >= ? AND window_start < ? GROUP BY ${SLICE} ORDER BY ${SLICE}`,
    span.start,
    span.end,
  );
  return rows.map(toSlice);
}

function toSlice(row: WindowRow): WindowSlice {
  const counts = emptyCounts();
  for (const name of CALL_CLASSES) counts[name] = row[name];
  return {
    windowStart: row.window_start,
    host: row.host,
    origin: row.origin,
    retry: row.retry === 1,
    excluded: row.excluded === 1,
    counts,
  };
}

/** Sums slices of the same key, so that each row is written once. */
export class SliceTally {
  readonly #slices = new Map<string, WindowSlice>();

  /** Gives the counts of a slice, to be added to in place. */
  countsOf(slice: WindowSlice): ClassCounts {
    const key = sliceKey(slice);
    const known = this.#slices.get(key);
    if (known) return known.counts;
    this.#slices.set(key, slice);
    return slice.counts;
  }

  get slices(): readonly WindowSlice[] {
    return [...this.#slices.values()];
  }
}

/** Windows of one list. */
const WINDOWS_LISTED_MAX = 500;
const ATTEMPTS = CALL_CLASSES.join(' + ');

/** Lists the windows of a span in which attempts of some classes were counted, the newest first. */
export async function windowsWith(
  tx: Tx,
  classes: readonly CallClass[],
  { start, end }: Span,
): Promise<Stretches> {
  if (classes.length === 0) return { list: [], areCut: false };
  const rows = await tx.all<{ windowStart: Ms; attempts: number }>(
    `SELECT window_start AS "windowStart", SUM(${ATTEMPTS}) AS attempts FROM sla_windows
     WHERE window_start >= ? AND window_start < ? GROUP BY window_start HAVING SUM(${classes.join(' + ')}) > 0
     ORDER BY window_start DESC LIMIT ?`,
    startOfWindow(start),
    end,
    WINDOWS_LISTED_MAX + 1,
  );
  const list = rows.slice(0, WINDOWS_LISTED_MAX).map(({ windowStart, attempts }) => ({
    start: Math.max(windowStart, start),
    end: Math.min(windowStart + WINDOW_MS, end),
    rows: attempts,
  }));
  return { list, areCut: rows.length > WINDOWS_LISTED_MAX };
}

/** Returns whether any attempt was counted in the window that starts at an instant. */
export async function isWindowIdle(tx: Tx, windowStart: Ms): Promise<boolean> {
  const row = await tx.get('SELECT 1 AS one FROM sla_windows WHERE window_start = ? LIMIT 1', windowStart);
  return row === undefined;
}
