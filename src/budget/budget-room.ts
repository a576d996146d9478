/** The room of a create's matching budgets: for estimates, and to refuse a create before it waits in the queue. Advisory. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, WindowKey } from '../units.ts';
import { readCounter } from './counter-table.ts';
import { inDoubtCredits, datedTo } from './hold-table.ts';
import { currentRules, matchingBudgets, type MatchLabels } from './rule-book.ts';

export interface BudgetRoom {
  budget: string;
  /** The same in every answer for the same budget, window and `per` value. */
  counterId: string;
  mode: 'enforce' | 'shadow';
  windowKey: WindowKey;
  resetsAt: Ms | null;
  limitCredits: MilliCredits;
  settledCredits: MilliCredits;
  heldCredits: MilliCredits;
  inDoubtCredits: MilliCredits;
  /** Negative if actual cost exceeded the limit. */
  remainingCredits: MilliCredits;
}

/** Gives the room in each matching budget of creates with these labels. Advisory: only `admit` decides. */
export const budgetRoom = defineRead(
  'budget.budgetRoom',
  async (tx: Tx, args: { at: Ms; labels: MatchLabels }): Promise<{ rooms: BudgetRoom[] }> => {
    const at = Math.max(args.at, (await datedTo(tx)) ?? args.at);
    const rooms: BudgetRoom[] = [];
    for (const budget of matchingBudgets(await currentRules(tx), args.labels, at)) {
      const { settled, held } = await readCounter(tx, budget.counterId);
      rooms.push({
        budget: budget.rule.name,
        counterId: budget.counterId,
        mode: budget.rule.mode,
        windowKey: budget.span.key,
        resetsAt: budget.span.resetsAt,
        limitCredits: budget.limitCredits,
        settledCredits: settled,
        heldCredits: held,
        inDoubtCredits: await inDoubtCredits(tx, budget.counterId),
        remainingCredits: budget.limitCredits - settled - held,
      });
    }
    return { rooms };
  },
  'request',
);
