/** What Kling deducted for creates of each kind, and what was held for them: evidence for prices. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { Mode, OperationWord } from '../words.ts';
import { ADOPTED } from './adopted.ts';

/** Creates that are equal in all that prices depend on and that the store has. */
export interface DeductionEvidence {
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  product: Product;
  /** A decimal; null if the operation has no length. */
  seconds: string | null;
  /** The number of pictures of a create of images. */
  weight: number;
  held: MilliCredits;
  deducted: MilliCredits;
  creates: number;
  lastAt: Ms;
}

/** Groups creates of ours from one instant (inclusive) to another (exclusive) whose deduction Kling reported. */
export const deductionEvidence = defineRead(
  'budget.deductionEvidence',
  (tx: Tx, { from, to }: { from: Ms; to: Ms }): Promise<DeductionEvidence[]> =>
    tx.all<DeductionEvidence>(
      `SELECT h.operation, h.model, h.mode, h.product, h.duration_seconds AS seconds, h.weight, h.credits AS held,
         h.settled_credits AS deducted, COUNT(*) AS creates, MAX(h.at) AS "lastAt"
       FROM creates h WHERE h.at >= ? AND h.at < ? AND h.app <> '${ADOPTED}' AND h.operation <> 'unknown'
         AND h.state = 'settled' AND (h.end_basis = 'reported' OR EXISTS (
           SELECT 1 FROM adjustments a WHERE a.hold_id = h.id AND a.basis = 'reported'))
       GROUP BY h.operation, h.model, h.mode, h.product, h.duration_seconds, h.weight, h.credits, h.settled_credits
       ORDER BY h.operation, h.model, h.mode, h.duration_seconds, h.weight, h.credits, h.settled_credits`,
      from,
      to,
    ),
);
