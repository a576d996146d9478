/** Recent refusals for money, by app and reason. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';

/** Reasons about the price of a create. A freeze is an operator's order and has its own report. */
export const MONEY_WORDS = ['budget_exceeded', 'task_too_expensive', 'route_not_priced'] as const;
export type MoneyWord = (typeof MONEY_WORDS)[number];

export interface MoneyRefusals {
  app: string;
  word: MoneyWord;
  /** The budget that would be exceeded; null for other reasons. */
  budget: string | null;
  creates: number;
  credits: MilliCredits;
  firstAt: Ms;
}

/**
 * Sums creates refused from an instant (exclusive) to another (inclusive), most credits first; what `observe` let through is
 * left out. The list of refusals keeps the newest 10,000, so the sum of a loop may be too low.
 */
export const moneyRefusals = defineRead(
  'calls.moneyRefusals',
  async (tx: Tx, { from, to }: { from: Ms; to: Ms }): Promise<MoneyRefusals[]> => {
    const rows = await tx.all<Omit<MoneyRefusals, 'budget'> & { budget: string }>(
      `SELECT app, word, COALESCE(budget, '') AS budget, COUNT(*) AS creates, SUM(COALESCE(credits, 0)) AS credits,
         MIN(at) AS "firstAt"
       FROM refusals WHERE at > ? AND at <= ? AND would_only = 0 AND word IN (${MONEY_WORDS.map(() => '?').join(', ')})
       GROUP BY app, word, COALESCE(budget, '')
       ORDER BY SUM(COALESCE(credits, 0)) DESC, app, word, COALESCE(budget, '')`,
      from,
      to,
      ...MONEY_WORDS,
    );
    return rows.map((row) => ({ ...row, budget: row.budget === '' ? null : row.budget }));
  },
);
