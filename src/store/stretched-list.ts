/**
 * Pages of a timed list of which it is known in which stretches of time its rows can be: only those are looked at.
 *
 * **Invariant**: following the cursor gives every row of the stretches once. A page looks at few rows, as a bounded one does; it may look at
 * one stretch more than that.
 */
import type { Ms } from '../units.ts';
import { LOOKED_MAX } from './bounded-list.ts';
import { rangeOf, readTimedPage, type TimedList, type TimedPage, type TimedPlace } from './timed-list.ts';

/** A stretch of time, `start` inclusive, `end` exclusive, and how many rows it has, with those that do not match. */
export interface Stretch {
  start: Ms;
  end: Ms;
  rows: number;
}

/** Stretches from the newest on, without overlaps. */
export interface Stretches {
  list: readonly Stretch[];
  /** Whether there are older ones than those of the list. */
  areCut: boolean;
}

/** Reads one page of the rows in some stretches; those after the page's beginning alone need to be given. */
export async function readStretches<Row extends object>(
  tx: Parameters<typeof readTimedPage>[0],
  list: Omit<TimedList<Row>, 'range'>,
  { list: stretches, areCut }: Stretches,
): Promise<TimedPage<Row>> {
  const { limit, after, placeOf } = list;
  const rows: Row[] = [];
  let looked = 0;
  for (const [place, { start, end, rows: ofStretch }] of stretches.entries()) {
    const page = await readTimedPage<Row>(tx, {
      ...list,
      range: rangeOf('at', { from: start, to: end }),
      // One more than the page has room for says whether there is a next one.
      limit: limit + 1 - rows.length,
      after: after !== null && after.at < end ? after : null,
    });
    rows.push(...page.rows);
    if (rows.length > limit) return full(rows.slice(0, limit), placeOf);
    const isLast = place === stretches.length - 1 && !areCut;
    looked += page.searched?.rows ?? ofStretch;
    if (page.searched) return { rows, next: page.next, searched: { ...page.searched, rows: looked } };
    if (isLast) break;
    if (looked >= LOOKED_MAX || place === stretches.length - 1)
      return { rows, next: earlierThan(start), searched: { rows: looked, backTo: start } };
  }
  return { rows, next: null, searched: null };
}

function full<Row>(rows: Row[], placeOf: (row: Row) => TimedPlace): TimedPage<Row> {
  const last = rows.at(-1);
  return { rows, next: last === undefined ? null : placeOf(last), searched: null };
}

/** The place right before the rows that are earlier than an instant: every id is less than this one. */
function earlierThan(at: Ms): TimedPlace {
  return { at: at - 1, id: '~' };
}
