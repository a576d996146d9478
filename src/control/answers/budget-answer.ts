/** `GET /v1/budgets`: the budgets in force, each in its present window. */
import { listBudgets, type BudgetRow } from '../../budget/budget-table.ts';
import type { Store } from '../../store/store.ts';
import { costOf, toCredits, type MilliCredits, type Ms } from '../../units.ts';
import type { CashTerms } from '../commands.ts';
import type { BudgetAnswer, BudgetsAnswer } from '../budget-schemas.ts';
import { iso, isoOrNull } from './shape.ts';

/** Reads the budgets in force at an instant. */
export async function answerBudgets(
  reader: Pick<Store, 'read'>,
  at: Ms,
  cash: CashTerms,
): Promise<BudgetsAnswer> {
  const { budgets } = await reader.read(listBudgets, { at });
  return { budgets: budgets.map((row) => shapeBudget(row, cash)) };
}

/** Shapes one budget; percent are cut to two places, so that 100 means the whole budget. */
export function shapeBudget(row: BudgetRow, { perCredit, usdBudgets }: CashTerms): BudgetAnswer {
  const inUsd = (milli: MilliCredits): number | null =>
    usdBudgets.includes(row.name) ? Math.round(costOf(milli, perCredit) * 100) / 100 : null;
  return {
    name: row.name,
    window: row.window,
    windowKey: row.windowKey,
    startsAt: iso(row.startsAt),
    resetsAt: isoOrNull(row.resetsAt),
    timeZone: row.timeZone,
    limitCredits: toCredits(row.limitCredits),
    settledCredits: toCredits(row.settledCredits),
    heldCredits: toCredits(row.heldCredits),
    inDoubtCredits: toCredits(row.inDoubtCredits),
    remainingCredits: toCredits(row.remainingCredits),
    usedPercent: Math.floor(row.usedPercent * 100) / 100,
    mode: row.mode,
    match: row.match,
    limitUsd: inUsd(row.limitCredits),
    usedUsd: inUsd(row.settledCredits + row.heldCredits),
    remainingUsd: inUsd(row.remainingCredits),
    raises: row.raises.map(({ byCredits, fromAt, untilAt, actor, reason }) => ({
      byCredits: toCredits(byCredits),
      from: iso(fromAt),
      until: iso(untilAt),
      actor,
      reason,
    })),
    per: row.per,
    perValue: row.perValue,
    ...(row.isPending && { pending: true as const }),
  };
}
