/** The differences between Kling's deductions and the holds for them, by operation and model. */
import { ADOPTED } from './adopted.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { OperationWord } from '../words.ts';

export interface DeductionSums {
  operation: OperationWord;
  model: string | null;
  /** Whether these holds had a published price; the others were held at the highest possible price, and may cost less. */
  isExact: boolean;
  creates: number;
  heldCredits: MilliCredits;
  deductedCredits: MilliCredits;
}

/**
 * Sums creates of ours from one instant (exclusive) to another (inclusive) whose deduction is known, by operation, model and basis of
 * the price; in that order.
 */
export const deductionSums = defineRead(
  'budget.deductionSums',
  async (tx: Tx, { from, to }: { from: Ms; to: Ms }): Promise<DeductionSums[]> => {
    const rows = await tx.all<Omit<DeductionSums, 'isExact'> & { exact: number }>(
      `SELECT h.operation, h.model, CASE WHEN h.basis = 'exact' THEN 1 ELSE 0 END AS exact, COUNT(*) AS creates,
         SUM(h.credits) AS "heldCredits", SUM(h.settled_credits) AS "deductedCredits"
       FROM creates h WHERE h.at > ? AND h.at <= ? AND h.app <> '${ADOPTED}' AND h.state = 'settled' AND (h.end_basis = 'reported' OR EXISTS (
         SELECT 1 FROM adjustments a WHERE a.hold_id = h.id AND a.basis = 'reported'))
       GROUP BY h.operation, h.model, CASE WHEN h.basis = 'exact' THEN 1 ELSE 0 END
       ORDER BY h.operation, h.model, exact`,
      from,
      to,
    );
    return rows.map(({ exact, ...row }) => ({ ...row, isExact: exact === 1 }));
  },
);
