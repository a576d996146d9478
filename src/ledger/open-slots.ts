/** The slots of Kling's concurrency limits that open holds take: a start begins its count with them. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms, Product } from '../units.ts';
import type { OperationWord } from '../words.ts';

export interface OpenSlot {
  holdId: string;
  product: Product;
  model: string | null;
  operation: OperationWord;
  weight: number;
  /** When the hold was made. */
  at: Ms;
}

/** Gives the slots of every hold that is still `held` at the upstream in use, without those whose task has ended. */
export const openSlots = defineRead(
  'ledger.openSlots',
  (tx: Tx, _args: Record<string, never>): Promise<OpenSlot[]> =>
    tx.all<OpenSlot>(
      `SELECT id AS "holdId", product, model, operation, weight, at FROM creates JOIN hold_places ON hold_id = id
       WHERE state = 'held' AND is_in_use = 1 AND (task_state IS NULL OR task_state IN ('submitted', 'processing'))
       ORDER BY id`,
    ),
);
