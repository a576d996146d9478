/** Counts rows of a list, with a bound: a count of millions would make every other report wait. */
import type { SqlValue, Tx } from './operation.ts';

/** The most rows that are counted. */
export const COUNT_MAX = 100_000;

/** The addition to a list's page if the caller asks for the number of rows. */
export interface Counted {
  /** All rows of the list, not only the page; {@link COUNT_MAX} + 1 if there are more. */
  total?: number;
  /** Present if there are older rows that were not looked at: `total` counts only those of the newest {@link COUNT_MAX} rows. */
  totalIsBounded?: true;
}

/** Counts the rows of `from` (tables and their conditions) if `wanted`; else nothing. */
export async function countWhere(
  tx: Tx,
  wanted: boolean | undefined,
  from: string,
  values: readonly SqlValue[],
): Promise<Counted> {
  if (wanted !== true) return {};
  const counted = await tx.get<{ total: number }>(
    `SELECT COUNT(*) AS total FROM (SELECT 1 FROM ${from} LIMIT ${COUNT_MAX + 1}) AS counted`,
    ...values,
  );
  const total = counted?.total ?? 0;
  return total > COUNT_MAX ? { total, totalIsBounded: true } : { total };
}

/** Joins conditions to a clause; empty without any. */
export function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}
