/** The use of some counters at an instant, for alerts about counters that reached their limits. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, WindowKey } from '../units.ts';
import { datedTo } from './hold-table.ts';
import { currentRules, limitAt } from './rule-book.ts';
import { windowAt } from './window.ts';

export interface BudgetUse {
  counterId: string;
  /** `present`: of the present window. `removed`: the budget is no longer in force. */
  state: 'present' | 'window_ended' | 'removed';
  usedCredits: MilliCredits;
  /** With the raises in force; null for a budget that is not in force. */
  limitCredits: MilliCredits | null;
}

/** Gives the use of each counter that the store has, in the order of the ids. */
export const budgetUse = defineRead(
  'budget.budgetUse',
  async (tx: Tx, args: { at: Ms; counterIds: readonly string[] }): Promise<BudgetUse[]> => {
    const at = Math.max(args.at, (await datedTo(tx)) ?? args.at);
    const rules = new Map((await currentRules(tx)).map((rule) => [rule.id, rule]));
    const uses: BudgetUse[] = [];
    for (const counterId of args.counterIds) {
      const row = await tx.get<{
        budget_id: string;
        window_key: WindowKey;
        settled: MilliCredits;
        held: MilliCredits;
      }>('SELECT budget_id, window_key, settled, held FROM budget_counters WHERE id = ?', counterId);
      if (!row) continue;
      const usedCredits = row.settled + row.held;
      const rule = rules.get(row.budget_id);
      if (!rule) {
        uses.push({ counterId, state: 'removed', usedCredits, limitCredits: null });
        continue;
      }
      const isPresent = windowAt(rule.window, rule.timeZone, at).key === row.window_key;
      const state = isPresent ? 'present' : 'window_ended';
      uses.push({ counterId, state, usedCredits, limitCredits: limitAt(rule, at) });
    }
    return uses;
  },
);
