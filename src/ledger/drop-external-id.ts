/** Takes the external task id off a hold whose create goes to Kling without one. */
import { defineWrite, type Tx } from '../store/operation.ts';

/** Makes a hold one without an external id: a doubt of it can be ended by an operator alone. */
export const dropExternalId = defineWrite(
  'ledger.dropExternalId',
  async (tx: Tx, args: { holdId: string }): Promise<void> => {
    await tx.run(
      `UPDATE creates SET external_task_id = NULL, next_look_up_at = NULL
       WHERE id = ? AND state = 'held' AND task_id IS NULL`,
      args.holdId,
    );
  },
  { scope: 'own' },
);
