/** What the sidecar refused itself within a span, in sums. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';

export interface RefusalSum {
  word: string;
  refusals: number;
  /** Of those whose price was known. */
  credits: MilliCredits;
}

/**
 * Sums our own refusals within a span (`to` exclusive) by word, the most frequent first; what `observe` only would have
 * refused is left out. The list of refusals keeps the newest ten thousand, so of a caller in a loop this is the least.
 */
export const sumRefusals = defineRead(
  'calls.sumRefusals',
  (tx: Tx, args: { from: Ms; to: Ms }): Promise<RefusalSum[]> =>
    tx.all<RefusalSum>(
      `SELECT word, COUNT(*) AS refusals, COALESCE(SUM(credits), 0) AS credits FROM refusals
       WHERE at >= ? AND at < ? AND would_only = 0 GROUP BY word ORDER BY COUNT(*) DESC, word`,
      args.from,
      args.to,
    ),
);
