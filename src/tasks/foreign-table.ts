/** Which open tasks of the account are not ours, by the rows of creates. */
import { defineRead, type Tx } from '../store/operation.ts';

/** A task in Kling's list. */
export interface ListedTask {
  taskId: string;
  externalTaskId: string | null;
}

/**
 * Counts the tasks that no create of ours has made: neither by Kling's id, nor by the external id of one that is open. A create
 * whose answer is not here yet has its external id alone.
 */
export const countForeign = defineRead(
  'tasks.countForeign',
  async (tx: Tx, { tasks }: { tasks: readonly ListedTask[] }): Promise<number> => {
    const unknown: ListedTask[] = [];
    for (const task of tasks) {
      const own = await tx.get('SELECT id FROM creates WHERE task_id = ?', task.taskId);
      if (!own) unknown.push(task);
    }
    if (unknown.every(({ externalTaskId }) => externalTaskId === null)) return unknown.length;
    const open = await tx.all<{ externalId: string }>(
      `SELECT external_task_id AS "externalId" FROM creates
       WHERE (state = 'held' OR task_state IN ('submitted', 'processing')) AND external_task_id IS NOT NULL ORDER BY id`,
    );
    const ours = new Set(open.map(({ externalId }) => externalId));
    return unknown.filter(({ externalTaskId }) => externalTaskId === null || !ours.has(externalTaskId))
      .length;
  },
);
