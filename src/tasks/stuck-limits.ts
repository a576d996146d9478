/**
 * The age from which an open task is stuck, for each operation: a video takes minutes, a picture seconds.
 *
 * **Invariant**: pure values, so that they are sent to the store's threads. {@link stuckAfterMs} is the one rule; the condition
 * for the store says the same.
 */
import type { SqlValue } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { OperationWord } from '../words.ts';

export interface StuckLimits {
  /** For operations without a limit of their own. */
  usualMs: Ms;
  byOperation: Readonly<Partial<Record<OperationWord, Ms>>>;
}

/** Gives the age from which a task of an operation is stuck (inclusive). */
export function stuckAfterMs({ usualMs, byOperation }: StuckLimits, operation: OperationWord): Ms {
  return byOperation[operation] ?? usualMs;
}

/** Gives the shortest and the longest of all limits. */
export function stuckRange({ usualMs, byOperation }: StuckLimits): { leastMs: Ms; mostMs: Ms } {
  const all = [usualMs, ...Object.values(byOperation)];
  return { leastMs: Math.min(...all), mostMs: Math.max(...all) };
}

/** Gives the condition that a task of `creates c` is at least as old as its limit at an instant, with its values. */
export function stuckCondition(limits: StuckLimits, at: Ms): { sql: string; values: SqlValue[] } {
  const own = Object.entries(limits.byOperation);
  if (own.length === 0) return { sql: 'c.task_created_at <= ?', values: [at - limits.usualMs] };
  const whens = own.map(() => 'WHEN ? THEN CAST(? AS BIGINT)').join(' ');
  const sql = `c.task_created_at <= CASE c.operation ${whens} ELSE CAST(? AS BIGINT) END`;
  const values = own.flatMap(([operation, ms]): SqlValue[] => [operation, at - ms]);
  return { sql, values: [...values, at - limits.usualMs] };
}
