/**
 * Pages of a list whose filters no index serves: rows are looked at from the newest on, in spans, until the page is full.
 *
 * **Invariant**: one page looks at {@link LOOKED_MAX} rows at most, however rare a match is. A page that ends by that bound says so,
 * and its next page goes on where it stopped: following the cursor gives every row once.
 */

/** The most rows that one page looks at. */
export const LOOKED_MAX = 10_000;
/** The first span: most pages are full within it. */
const SPAN_MIN = 200;

/** One list; places are in the list's order. */
export interface BoundedList<Row, Place> {
  /** Rows of a page. */
  limit: number;
  /** The place after which the page begins; null for the newest row. */
  after: Place | null;
  /** Gives the place of the last of the next rows after a place; null if fewer are left. No filter applies. */
  placeAfter: (after: Place | null, rows: number) => Promise<Place | null>;
  /** Gives the matching rows after a place, up to another one (inclusive; null: to the end), at most `limit` of them. */
  read: (span: { after: Place | null; until: Place | null }, limit: number) => Promise<Row[]>;
  placeOf: (row: Row) => Place;
}

export interface BoundedPage<Row, Place> {
  rows: Row[];
  /** Where the next page begins; null at the end. */
  next: Place | null;
  /** How many rows were looked at, and up to where, if that ended the page before it was full. */
  looked: { rows: number; until: Place } | null;
}

/** Reads one page of a list. */
export async function readBounded<Row, Place>({
  limit,
  after,
  placeAfter,
  read,
  placeOf,
}: BoundedList<Row, Place>): Promise<BoundedPage<Row, Place>> {
  const rows: Row[] = [];
  let from = after;
  let looked = 0;
  for (let span = Math.max(limit + 1, SPAN_MIN); ; span *= 2) {
    const size = Math.min(span, LOOKED_MAX - looked);
    const until = await placeAfter(from, size);
    rows.push(...(await read({ after: from, until }, limit + 1 - rows.length)));
    looked += size;
    if (rows.length > limit) {
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return { rows: page, next: last === undefined ? null : placeOf(last), looked: null };
    }
    if (until === null) return { rows, next: null, looked: null };
    if (looked >= LOOKED_MAX) return { rows, next: until, looked: { rows: looked, until } };
    from = until;
  }
}

/**
 * Gives the conditions of a list's range of instants, such as `at >= ?`, for use beside the bounds of a span.
 *
 * SQLite searches an index by one lower and one upper bound, the first of each that it meets: beside a bound of the span the range's own
 * only filters rows. A `+` before the column keeps it out of the search.
 */
export function rangeBeside(
  texts: readonly string[],
  { after, until }: { after: object | null; until: object | null },
): string[] {
  return texts.map((text) => {
    const isNarrowed = text.includes('>=') ? until !== null : after !== null;
    return isNarrowed ? `+${text}` : text;
  });
}

/** The condition that a row is after a place in a list ordered by an instant and an id, both descending; with its values. */
export function isAfter(
  at: string,
  id: string,
  place: { at: number; id: string },
): { sql: string; values: [number, number, string] } {
  return { sql: `${at} <= ? AND (${at} < ? OR ${id} < ?)`, values: [place.at, place.at, place.id] };
}

/** The condition that a row is not after a place in such a list; with its values. */
export function isUntil(
  at: string,
  id: string,
  place: { at: number; id: string },
): { sql: string; values: [number, number, string] } {
  return { sql: `${at} >= ? AND (${at} > ? OR ${id} >= ?)`, values: [place.at, place.at, place.id] };
}
