/** What the budgets would still hold for a create: a look ahead, for estimates and to spare a refused create the queue. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, WindowKey } from '../units.ts';
import { readCounter } from './counter-table.ts';
import { inDoubtCredits, datedTo } from './hold-table.ts';
import { claimsOf, currentRules, type MatchLabels } from './rule-book.ts';

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
  /** Negative where actual cost passed the limit. */
  remainingCredits: MilliCredits;
}

/** Gives the room in each budget that creates of these labels count in. Advisory: only `admit` decides. */
export const budgetRoom = defineRead(
  'budget.budgetRoom',
  async (tx: Tx, args: { at: Ms; labels: MatchLabels }): Promise<{ rooms: BudgetRoom[] }> => {
    const at = Math.max(args.at, (await datedTo(tx)) ?? args.at);
    const rooms: BudgetRoom[] = [];
    for (const claim of claimsOf(await currentRules(tx), args.labels, at)) {
      const { settled, held } = await readCounter(tx, claim.counterId);
      rooms.push({
        budget: claim.rule.name,
        counterId: claim.counterId,
        mode: claim.rule.mode,
        windowKey: claim.span.key,
        resetsAt: claim.span.resetsAt,
        limitCredits: claim.limitCredits,
        settledCredits: settled,
        heldCredits: held,
        inDoubtCredits: await inDoubtCredits(tx, claim.counterId),
        remainingCredits: claim.limitCredits - settled - held,
      });
    }
    return { rooms };
  },
  'request',
);
