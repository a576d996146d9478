/** Marks open tasks as lost: Kling did not report their end within 30 days. */
import { readHold } from '../budget/hold-table.ts';
import { labelsOf } from '../budget/hold.ts';
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { TaskState } from '../words.ts';

/** Marks those of some tasks that are open and not lost yet, each once. Their holds stay held. */
export const loseTasks = defineFactWrite(
  'ledger.loseTasks',
  async (tx: Tx, args: { taskIds: readonly string[]; at: Ms }): Promise<{ facts: Fact[] }> => {
    const facts: Fact[] = [];
    for (const taskId of args.taskIds) {
      const fact = await loseTask(tx, taskId, args.at);
      if (fact) facts.push(fact);
    }
    return { facts };
  },
  { scope: 'own' },
);

async function loseTask(tx: Tx, taskId: string, at: Ms): Promise<Fact | null> {
  const task = await tx.get<{ holdId: string; state: TaskState; createdAt: Ms }>(
    `SELECT id AS "holdId", task_state AS state, task_created_at AS "createdAt" FROM creates
     WHERE task_id = ? AND task_state IN ('submitted', 'processing') AND lost_at IS NULL`,
    taskId,
  );
  if (!task) return null;
  await tx.run('UPDATE creates SET lost_at = ? WHERE id = ?', at, task.holdId);
  const hold = await readHold(tx, task.holdId);
  return {
    kind: 'task_lost',
    holdId: hold.id,
    taskId,
    product: hold.product,
    state: task.state,
    weight: hold.weight,
    createdAt: task.createdAt,
    heldCredits: hold.state === 'held' ? hold.credits : 0,
    at,
    ...labelsOf(hold),
  };
}
