/** Pages of lists that are ordered by an instant and an id, the newest row first: creates, tasks, calls. */
import { idTime } from '../ids.ts';
import type { Ms } from '../units.ts';
import { isAfter, isUntil, rangeBeside, readBounded } from './bounded-list.ts';
import { COUNT_MAX, countWhere, whereOf, type Counted } from './count.ts';
import type { SqlValue, Tx } from './operation.ts';

/** Conditions of a statement, all of which must hold, and the values of their placeholders. */
export interface Conditions {
  texts: string[];
  values: SqlValue[];
}

/** A row's place in the order of the list. */
export interface TimedPlace {
  at: Ms;
  id: string;
}

export interface TimedList<Row> {
  /** The table or view that is looked at, with its short name if the columns below have one. */
  table: string;
  /** Its columns. */
  at: string;
  id: string;
  /** The statement that gives rows, without conditions. */
  select: string;
  /** Conditions on `at` alone, as {@link rangeOf} makes them. */
  range: Conditions;
  filters: Conditions;
  limit: number;
  /** Null for the newest row. */
  after: TimedPlace | null;
  placeOf: (row: Row) => TimedPlace;
}

export interface TimedPage<Row> {
  rows: Row[];
  /** Where the next page begins; null at the end. */
  next: TimedPlace | null;
  /** If the page ended before it was full: how many rows were looked at, and the instant of the last of them. */
  searched: { rows: number; backTo: Ms } | null;
}

/** Adds a condition whose value is given. */
export function addCondition({ texts, values }: Conditions, text: string, value: SqlValue | undefined): void {
  if (value === undefined) return;
  texts.push(text);
  values.push(value);
}

/** Adds that a column has a value; null stands for rows without one. */
export function addEqual(conditions: Conditions, column: string, value: SqlValue | undefined): void {
  if (value === null) conditions.texts.push(`${column} IS NULL`);
  else addCondition(conditions, `${column} = ?`, value);
}

/** Gives the conditions of a range of instants: `from` is inclusive, `to` exclusive. */
export function rangeOf(at: string, { from, to }: { from?: Ms; to?: Ms }): Conditions {
  const range: Conditions = { texts: [], values: [] };
  addCondition(range, `${at} >= ?`, from);
  addCondition(range, `${at} < ?`, to);
  return range;
}

/** The parts of a list that say which rows it has. */
type TimedRows = Pick<TimedList<object>, 'table' | 'at' | 'id' | 'range' | 'filters'>;

/** Gives the conditions for the rows of a range that are after a place, and not after another one. */
function within(
  { at, id, range }: Pick<TimedRows, 'at' | 'id' | 'range'>,
  start: TimedPlace | null,
  end: TimedPlace | null,
): Conditions {
  const bounds = { after: start && isAfter(at, id, start), until: end && isUntil(at, id, end) };
  const given = [bounds.after, bounds.until].filter((one) => one !== null);
  return {
    texts: [...rangeBeside(range.texts, bounds), ...given.map(({ sql }) => sql)],
    values: [...range.values, ...given.flatMap((one): SqlValue[] => one.values)],
  };
}

/**
 * Counts the rows of a list if `wanted`; with a filter it looks at the newest {@link COUNT_MAX} rows of the range: that takes some 100 ms
 * (2026-11-28), however rare a match is.
 */
export async function countTimed(tx: Tx, wanted: boolean | undefined, list: TimedRows): Promise<Counted> {
  const { table, at, id, range, filters } = list;
  if (wanted !== true) return {};
  if (filters.texts.length === 0)
    return countWhere(tx, true, `${table} ${whereOf(range.texts)}`, range.values);
  const [last, older] = await tx.all<TimedPlace>(
    `SELECT ${at} AS at, ${id} AS id FROM ${table} ${whereOf(range.texts)} ORDER BY ${at} DESC, ${id} DESC LIMIT ? OFFSET ?`,
    ...range.values,
    2,
    COUNT_MAX - 1,
  );
  const { texts, values } = within(list, null, older === undefined ? null : (last ?? null));
  const from = `${table} ${whereOf([...texts, ...filters.texts])}`;
  const counted = await countWhere(tx, true, from, [...values, ...filters.values]);
  return older === undefined ? counted : { ...counted, totalIsBounded: true };
}

/** Gives the place of the row with an id; the id itself says when a row that is gone was made. */
export async function placeOfId(
  tx: Tx,
  { table, at, id }: Pick<TimedRows, 'table' | 'at' | 'id'>,
  rowId: string | null,
): Promise<TimedPlace | null> {
  if (rowId === null) return null;
  const row = await tx.get<{ at: Ms }>(`SELECT ${at} AS at FROM ${table} WHERE ${id} = ?`, rowId);
  return { at: row?.at ?? idTime(rowId), id: rowId };
}

/** Reads one page: it looks at a bounded number of rows (`bounded-list.ts`). */
export async function readTimedPage<Row extends object>(
  tx: Tx,
  { table, at, id, select, range, filters, limit, after, placeOf }: TimedList<Row>,
): Promise<TimedPage<Row>> {
  const order = `ORDER BY ${at} DESC, ${id} DESC LIMIT ?`;
  const columns = { at, id, range };
  const { rows, next, looked } = await readBounded<Row, TimedPlace>({
    limit,
    after,
    placeAfter: async (start, count) => {
      const { texts, values } = within(columns, start, null);
      const last = await tx.get<TimedPlace>(
        `SELECT ${at} AS at, ${id} AS id FROM ${table} ${whereOf(texts)} ${order} OFFSET ?`,
        ...values,
        1,
        count - 1,
      );
      return last ?? null;
    },
    read: (span, count) => {
      const { texts, values } = within(columns, span.after, span.until);
      return tx.all<Row>(
        `${select} ${whereOf([...texts, ...filters.texts])} ${order}`,
        ...values,
        ...filters.values,
        count,
      );
    },
    placeOf,
  });
  return { rows, next, searched: looked && { rows: looked.rows, backTo: looked.until.at } };
}
