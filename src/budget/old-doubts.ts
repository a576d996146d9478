/** Doubts that last too long: their number, their credits, and the number of those that only a person can end. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';

export interface OldDoubts {
  holds: number;
  credits: MilliCredits;
  /** When the oldest began; null if there is none. */
  oldestAt: Ms | null;
  /** The number that no look-up can end: without an external task id, or of an upstream that is not in use. */
  forOperator: number;
}

/** Sums the holds whose doubt began before an instant. */
export const readOldDoubts = defineRead(
  'budget.readOldDoubts',
  async (tx: Tx, args: { before: Ms }): Promise<OldDoubts> => {
    const row = await tx.get<{ [Key in keyof OldDoubts]: number | null }>(
      `SELECT COUNT(*) AS holds, SUM(credits) AS credits, MIN(doubt_since) AS "oldestAt",
         SUM(CASE WHEN external_task_id IS NULL OR is_in_use = 0 THEN 1 ELSE 0 END) AS "forOperator"
       FROM creates JOIN hold_places ON hold_id = id WHERE in_doubt = 1 AND doubt_since < ?`,
      args.before,
    );
    return {
      holds: row?.holds ?? 0,
      credits: row?.credits ?? 0,
      oldestAt: row?.oldestAt ?? null,
      forOperator: row?.forOperator ?? 0,
    };
  },
);
