/** Sums of tasks that need attention: those open for too long, and those that failed. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';

export interface StuckTasks {
  product: Product;
  /** At least 1. */
  tasks: number;
  heldCredits: MilliCredits;
  /** When the oldest of them was made. */
  oldestAt: Ms;
}

/** Sums the tasks that have been open for at least `afterMs` at an instant, by product; the same as `listTasks` lists. */
export const readStuckTasks = defineRead(
  'tasks.readStuck',
  (tx: Tx, args: { at: Ms; afterMs: Ms }): Promise<StuckTasks[]> =>
    tx.all<StuckTasks>(
      `SELECT product, COUNT(*) AS tasks, SUM(CASE WHEN state = 'held' THEN credits ELSE 0 END) AS "heldCredits",
         MIN(task_created_at) AS "oldestAt"
       FROM creates WHERE task_state IN ('submitted', 'processing') AND task_created_at <= ?
       GROUP BY product ORDER BY product`,
      args.at - args.afterMs,
    ),
);

export interface FailedTasks {
  /** Kling's own text; null if it gave none. */
  statusMessage: string | null;
  tasks: number;
}

/** The most different texts that are counted separately; Kling writes a few dozen. */
const MESSAGES_MAX = 1000;

/** Counts the failed tasks of the creates made within a span (`to` exclusive), by Kling's words, the most frequent first. */
export const readFailedTasks = defineRead(
  'tasks.readFailed',
  (tx: Tx, args: { from: Ms; to: Ms }): Promise<FailedTasks[]> =>
    tx.all<FailedTasks>(
      `SELECT task_message AS "statusMessage", COUNT(*) AS tasks
       FROM creates WHERE at >= ? AND at < ? AND task_state = 'failed'
       GROUP BY task_message ORDER BY COUNT(*) DESC, COALESCE(task_message, '') LIMIT ${MESSAGES_MAX}`,
      args.from,
      args.to,
    ),
);
