/** Removes the external task id of a hold whose create goes to Kling without one. */
import { defineWrite, type Tx } from '../store/operation.ts';

/** Removes a hold's external id: from then on only an operator can end its doubt. */
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
