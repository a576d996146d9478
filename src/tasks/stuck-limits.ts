/**
 * Which tasks are stuck: those open for longer than is usual for their operation, and not lost. A video takes minutes, a picture
 * seconds. A lost task is open no more for us: nobody asks for it, and only its hold waits.
 *
 * **Invariant**: pure values, so that they are sent to the store's threads. {@link isStuck} is the one rule; the condition for the
 * store says the same. The list, the command, the page, the metric, the status and the alert use it.
 */
import type { SqlValue } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { OperationWord, TaskState } from '../words.ts';
import { isTerminal } from './task-state.ts';

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

/** The condition on `creates c` of a task that is open and not lost. */
export const IS_OPEN = "c.task_state IN ('submitted', 'processing') AND c.lost_at IS NULL";

/** Returns whether a task is stuck at an instant. */
export function isStuck(
  { state, lostAt, operation, createdAt }: StuckFacts,
  limits: StuckLimits,
  at: Ms,
): boolean {
  return !isTerminal(state) && lostAt === null && createdAt <= at - stuckAfterMs(limits, operation);
}

/** What says whether a task is stuck. */
export interface StuckFacts {
  state: TaskState;
  lostAt: Ms | null;
  operation: OperationWord;
  createdAt: Ms;
}

/** Gives the condition that a task of `creates c` that {@link IS_OPEN} is stuck at an instant, with its values. */
export function stuckCondition(limits: StuckLimits, at: Ms): { sql: string; values: SqlValue[] } {
  const own = Object.entries(limits.byOperation);
  if (own.length === 0) return { sql: 'c.task_created_at <= ?', values: [at - limits.usualMs] };
  const whens = own.map(() => 'WHEN ? THEN CAST(? AS BIGINT)').join(' ');
  const sql = `c.task_created_at <= CASE c.operation ${whens} ELSE CAST(? AS BIGINT) END`;
  const values = own.flatMap(([operation, ms]): SqlValue[] => [operation, at - ms]);
  return { sql, values: [...values, at - limits.usualMs] };
}
