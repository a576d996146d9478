/** `GET /v1/budgets`: the budgets in force, each in its present window. */
import { listBudgets, type BudgetRow } from '../../budget/budget-table.ts';
import { limitHistory } from '../../budget/limit-history.ts';
import { costOf, toCredits, type MilliCredits, type Ms } from '../../units.ts';
import type { CashTerms, ControlCommands } from '../commands.ts';
import type { BudgetAnswer, BudgetLimitsAnswer, BudgetsAnswer } from '../budget-schemas.ts';
import { iso, isoOrNull } from './shape.ts';

type Commands = Pick<ControlCommands, 'reader' | 'now' | 'cash' | 'exhaustion'>;

/** Reads the budgets in force at the present instant; `isSummary` leaves out the least used rows of one with `per`. */
export async function answerBudgets(commands: Commands, isSummary = false): Promise<BudgetsAnswer> {
  const at = commands.now();
  const cash = commands.cash();
  const { budgets } = await commands.reader.read(listBudgets, { at, isSummary });
  const exhaustion = commands.exhaustion(budgets, at);
  return { budgets: budgets.map((row, place) => shapeBudget(row, cash, exhaustion[place] ?? null)) };
}

/** Gives the limits of the budgets in force now over a past time. */
export async function answerBudgetLimits(
  reader: Commands['reader'],
  span: { from: Ms; to: Ms },
): Promise<BudgetLimitsAnswer> {
  const { budgets } = await reader.read(limitHistory, span);
  return {
    budgets: budgets.map(({ addedAt, limits, ...budget }) => ({
      ...budget,
      addedAt: iso(addedAt),
      limits: limits.map(({ from, to, limitCredits }) => ({
        from: iso(from),
        to: iso(to),
        limitCredits: toCredits(limitCredits),
      })),
    })),
  };
}

/** Shapes one budget; percent are cut to two places, so that 100 means the whole budget. */
function shapeBudget(
  row: BudgetRow,
  { perCredit, currency, usdBudgets }: CashTerms,
  exhaustionSeconds: number | null,
): BudgetAnswer {
  const inMoney = (milli: MilliCredits): number => Math.round(costOf(milli, perCredit) * 100) / 100;
  const inUsd = (milli: MilliCredits): number | null =>
    usdBudgets.includes(row.name) ? inMoney(milli) : null;
  return {
    name: row.name,
    counterId: row.counterId,
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
    cost: {
      limit: inMoney(row.limitCredits),
      used: inMoney(row.settledCredits + row.heldCredits),
      remaining: inMoney(row.remainingCredits),
      currency,
    },
    exhaustionSeconds: exhaustionSeconds === null ? null : Math.ceil(exhaustionSeconds),
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
