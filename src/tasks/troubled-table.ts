/** Sums of tasks that want attention: those open for too long, and those that failed. */
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
      `SELECT h.product, COUNT(*) AS tasks, SUM(CASE WHEN h.state = 'held' THEN h.credits ELSE 0 END) AS "heldCredits",
         MIN(t.created_at) AS "oldestAt"
       FROM tasks t JOIN holds h ON h.id = t.hold_id
       WHERE t.state IN ('submitted', 'processing') AND t.created_at <= ?
       GROUP BY h.product ORDER BY h.product`,
      args.at - args.afterMs,
    ),
);

export interface FailedTasks {
  /** Kling's own words; null where it gave none. */
  statusMessage: string | null;
  tasks: number;
}

/** Different texts that are told apart; Kling writes a few dozen. */
const MESSAGES_MAX = 1000;

/** Counts the failed tasks of the creates made within a span (`to` exclusive), by Kling's words, the most frequent first. */
export const readFailedTasks = defineRead(
  'tasks.readFailed',
  (tx: Tx, args: { from: Ms; to: Ms }): Promise<FailedTasks[]> =>
    tx.all<FailedTasks>(
      `SELECT t.status_message AS "statusMessage", COUNT(*) AS tasks
       FROM holds h JOIN tasks t ON t.hold_id = h.id
       WHERE h.at >= ? AND h.at < ? AND t.state = 'failed'
       GROUP BY t.status_message ORDER BY COUNT(*) DESC, COALESCE(t.status_message, '') LIMIT ${MESSAGES_MAX}`,
      args.from,
      args.to,
    ),
);
