/** How long tasks took that succeeded, by the newest rows. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { OperationWord } from '../words.ts';

export interface TaskDuration {
  operation: OperationWord;
  durationMs: Ms;
}

/**
 * Gives how long the tasks of the newest `rowsMax` creates took that have succeeded, the oldest first: by Kling's own time of the end
 * where it is known, for we may have asked much later.
 */
export const recentDurations = defineRead(
  'tasks.recentDurations',
  async (tx: Tx, args: { rowsMax: number }): Promise<TaskDuration[]> => {
    const rows = await tx.all<{ operation: OperationWord; from: Ms; seen: Ms; kling: Ms | null }>(
      `SELECT operation, task_created_at AS "from", task_updated_at AS seen, vendor_updated_at AS kling FROM
         (SELECT id, operation, task_state, task_created_at, task_updated_at, vendor_updated_at
          FROM creates ORDER BY id DESC LIMIT ?) AS newest
       WHERE task_state = 'succeeded' ORDER BY id`,
      args.rowsMax,
    );
    return rows.map(({ operation, from, seen, kling }) => ({
      operation,
      durationMs: durationOf({ createdAt: from, seenAt: seen, klingAt: kling }),
    }));
  },
);

/** Gives how long a task took: until Kling's own time of its end, and at most until we saw it. */
export function durationOf({
  createdAt,
  seenAt,
  klingAt,
}: {
  createdAt: Ms;
  seenAt: Ms;
  klingAt: Ms | null;
}): Ms {
  const seenMs = Math.max(0, seenAt - createdAt);
  return klingAt === null || klingAt < createdAt ? seenMs : Math.min(seenMs, klingAt - createdAt);
}
