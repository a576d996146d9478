/**
 * Budgets that reached a share of their limit, each once in a window.
 *
 * A create causes a fact at once. A look finds the other cases: a limit that was lowered, a raise that ended, a new budget
 * whose window had much spending before. Both give the same key.
 *
 * **Invariant**: the engine begins a key once, so a restart, a reload or another limit repeats none. The alert of a used-up
 * budget ends with its window, or when its limit is raised above its use: credits that a failed task frees are not enough,
 * since the next create may use them.
 */
import { reaches } from '../../budget/budget-rule.ts';
import { listBudgets } from '../../budget/budget-table.ts';
import { budgetUse, type BudgetUse } from '../../budget/budget-use.ts';
import type { HeardFact } from '../../outbox/heard-facts.ts';
import type { MilliCredits, Ms } from '../../units.ts';
import type { AlertEnd, Finding, OpenAlert } from '../alert.ts';
import { oncePerLook } from '../once-per-look.ts';
import type { Look, Rule } from '../rule.ts';
import type { AlertSettings, RuleSettings } from '../settings.ts';
import { budgetLabels } from '../words/phrases.ts';
import { thresholdWords, usedUpWords, type ReachedValues, type UsedUpEnd } from './budget-reached-words.ts';

/** The share at which a budget is used up. */
const WHOLE = 1;

/** A budget that has reached a share in its present window. */
interface Reached {
  budget: string;
  per: 'app' | 'tag' | null;
  perValue: string;
  mode: 'enforce' | 'shadow';
  counterId: string;
  windowKey: string;
  resetsAt: Ms | null;
  share: number;
  usedCredits: MilliCredits;
  limitCredits: MilliCredits;
  at: Ms;
}

export const budgetThreshold: Rule = {
  word: 'budget_threshold',
  ofFact: (fact, _rule, settings) => ({ found: thresholds(reachedOf(fact), settings) }),
  look: async (look, _rule, settings) => thresholds(await reachedNow(look), settings),
  words: thresholdWords,
};

export const budgetUsedUp: Rule = {
  word: 'budget_used_up',
  ofFact: (fact, rule, settings) => ({ found: usedUp(reachedOf(fact), rule, settings) }),
  look: async (look, rule, settings) => usedUp(await reachedNow(look), rule, settings),
  isPartial: true,
  ended: endedBudgets,
  words: usedUpWords,
};

/** Gives a fact's content if it is about the present window: for a past one, nothing can be done. */
function reachedOf(fact: HeardFact): Reached[] {
  return fact.kind === 'budget_threshold' && fact.isPresent ? [fact] : [];
}

const reachedNow = oncePerLook(async ({ at, store }): Promise<Reached[]> => {
  const { budgets } = await store.read(listBudgets, { at });
  return budgets.flatMap((row) => {
    const { name: budget, perValue, settledCredits, heldCredits, limitCredits, alertAt, isPending } = row;
    const usedCredits = settledCredits + heldCredits;
    if (isPending) return [];
    const shares = [...new Set([...alertAt, WHOLE])].filter((share) =>
      reaches(share, usedCredits, limitCredits),
    );
    return shares.map((share) => ({ ...row, budget, perValue: perValue ?? '', share, usedCredits, at }));
  });
});

function thresholds(reached: readonly Reached[], settings: AlertSettings): Finding[] {
  // A budget that is used up completely has an alert of its own.
  const isSaid = (one: Reached): boolean =>
    settings.rules.budget_used_up.isOn && reaches(WHOLE, one.usedCredits, one.limitCredits);
  return reached
    .filter((one) => one.share < WHOLE && !isSaid(one))
    .map((one) => ({ rule: 'budget_threshold', ...findingOf(one, settings) }));
}

/** A budget that refuses nothing wakes nobody. */
function usedUp(reached: readonly Reached[], { severity }: RuleSettings, settings: AlertSettings): Finding[] {
  return reached
    .filter(({ share }) => share >= WHOLE)
    .map((one) => {
      const found: Finding = { rule: 'budget_used_up', ...findingOf(one, settings) };
      const isHarmless = severity === 'page' && !isRefusing(one, settings);
      return isHarmless ? { ...found, severity: 'ticket' } : found;
    });
}

function isRefusing({ mode }: Reached, settings: AlertSettings): boolean {
  return settings.mode === 'protect' && mode === 'enforce';
}

function findingOf(one: Reached, settings: AlertSettings): Omit<Finding, 'rule'> {
  const { budget, per, perValue, counterId, share, usedCredits, limitCredits, windowKey, resetsAt, at } = one;
  const refuses = isRefusing(one, settings);
  const values: ReachedValues = {
    counterId,
    share,
    usedCredits,
    limitCredits,
    windowKey,
    resetsAt,
    refuses,
  };
  const labels = budgetLabels(budget, per, perValue);
  return { labels, period: `${counterId}/${share}`, values: { ...values }, since: at };
}

async function endedBudgets({ at, store }: Look, open: readonly OpenAlert[]): Promise<readonly AlertEnd[]> {
  const counterIds = open.map(({ values }) => String(values['counterId']));
  const uses = await store.read(budgetUse, { at, counterIds });
  const byCounter = new Map(uses.map((use) => [use.counterId, use]));
  return open.flatMap((alert) => {
    const end = endOf(alert, byCounter.get(String(alert.values['counterId'])));
    const { rule, labels, period } = alert;
    return end === null ? [] : [{ rule, labels, period, values: { ...end } }];
  });
}

function endOf({ values }: OpenAlert, use: BudgetUse | undefined): UsedUpEnd | null {
  if (use === undefined || use.state === 'removed') return { why: 'removed' };
  if (use.state === 'window_ended') return { why: 'window_ended' };
  const { usedCredits, limitCredits } = use;
  if (limitCredits === null || limitCredits <= usedCredits) return null;
  const isRaised = limitCredits > Number(values['limitCredits']);
  return isRaised
    ? { why: 'limit_raised', endUsedCredits: usedCredits, endLimitCredits: limitCredits }
    : null;
}
