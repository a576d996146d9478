/** Sums of tasks that need attention: those open for too long, and those that failed. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { OperationWord } from '../words.ts';
import { IS_OPEN, stuckAfterMs, stuckCondition, type StuckLimits } from './stuck-limits.ts';

export interface StuckTasks {
  product: Product;
  /** At least 1. */
  tasks: number;
  heldCredits: MilliCredits;
  /** When the oldest of them was made. */
  oldestAt: Ms;
  /** Since when one is stuck, and the age from which that one is. */
  since: Ms;
  afterMs: Ms;
}

/** Sums the stuck tasks at an instant, by product: all that `listTasks` lists but those whose hold an operator has ended. */
export const readStuckTasks = defineRead(
  'tasks.readStuck',
  async (tx: Tx, { at, limits }: { at: Ms; limits: StuckLimits }): Promise<StuckTasks[]> => {
    const { sql, values } = stuckCondition(limits, at);
    const rows = await tx.all<Omit<StuckTasks, 'since' | 'afterMs'> & { operation: OperationWord }>(
      `SELECT c.product, c.operation, COUNT(*) AS tasks,
         SUM(CASE WHEN c.state = 'held' THEN c.credits ELSE 0 END) AS "heldCredits", MIN(c.task_created_at) AS "oldestAt"
       FROM creates c WHERE ${IS_OPEN}
         AND (c.state = 'held' OR c.state = 'settled')
         AND ${sql}
       GROUP BY c.product, c.operation ORDER BY c.product, c.operation`,
      ...values,
    );
    return [...Map.groupBy(rows, ({ product }) => product)].map(([product, all]) => {
      const one = all.map(({ operation, ...row }): StuckTasks => {
        const afterMs = stuckAfterMs(limits, operation);
        return { ...row, product, afterMs, since: row.oldestAt + afterMs };
      });
      return one.reduce(addStuck);
    });
  },
);

function addStuck(sum: StuckTasks, next: StuckTasks): StuckTasks {
  const first = next.since < sum.since ? next : sum;
  return {
    product: sum.product,
    tasks: sum.tasks + next.tasks,
    heldCredits: sum.heldCredits + next.heldCredits,
    oldestAt: Math.min(sum.oldestAt, next.oldestAt),
    since: first.since,
    afterMs: first.afterMs,
  };
}

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
