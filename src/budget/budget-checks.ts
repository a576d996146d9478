/** Checks of `doctor`: the mode, and whether a budget limits all creates together. */
import { failed, notOk, ok, passed, together, warned, type Check, type LineVerdict } from '../check.ts';
import { countText } from '../phrases.ts';
import { toCredits } from '../units.ts';
import type { EnforceMode } from '../words.ts';

import type { BudgetRule } from './budget-rule.ts';

/** A budget reports early enough if it reports at this share of its limit, or below. */
const SHARE = 0.8;

/** Checks that the mode is `protect`. */
export function checkMode(mode: EnforceMode): Check {
  if (mode === 'protect') return ok('mode', 'protect: what passes a budget is refused.');
  const advice = 'When status --would-have shows what you expect, set mode to protect.';
  return notOk('note', 'mode', 'observe: nothing is refused for money.', advice);
}

/** Checks that budgets in mode `enforce` limit the sum of all creates. */
export function checkBudgets(budgets: readonly BudgetRule[]): Check {
  const enforcing = budgets.filter(({ mode }) => mode === 'enforce');
  if (enforcing.length === 0) {
    const advice = 'Add one to budgets with mode enforce, and reload.';
    return notOk('warn', 'budgets', 'Nothing limits spending: no budget is in mode enforce.', advice);
  }
  const names = enforcing.map(({ name }) => name).join(', ');
  const isWhole = enforcing.some(({ match, per }) => per === null && Object.keys(match).length === 0);
  if (isWhole) return ok('budgets', `${countText(enforcing.length, 'budget')} in mode enforce: ${names}.`);
  return notOk(
    'note',
    'budgets',
    `Every budget in mode enforce is for a part of the creates (${names}): nothing limits their sum.`,
    'Add a budget without match and per.',
  );
}

/** Budgets that refuse, for all creates together. */
export function enforcingAll(budgets: readonly BudgetRule[]): readonly BudgetRule[] {
  return budgets.filter(
    ({ mode, per, match }) => mode === 'enforce' && per === null && Object.keys(match).length === 0,
  );
}

/** Checks that a budget of a day or an hour refuses creates that would exceed it. */
export function dailyBudget(mode: EnforceMode, budgets: readonly BudgetRule[]): LineVerdict {
  const verdicts: LineVerdict[] = [];
  if (mode === 'observe') {
    verdicts.push(
      failed('The mode is observe: nothing is refused for money.', 'Set mode to protect, and reload.'),
    );
  }
  const whole = enforcingAll(budgets);
  const daily = whole.filter(({ window }) => window === 'day' || window === 'hour');
  if (whole.length === 0) {
    verdicts.push(
      failed(
        'No budget in mode enforce limits all creates together.',
        'Add one to budgets: { "name": "daily", "credits": 1000, "window": "day" }.',
      ),
    );
  } else if (daily.length === 0) {
    verdicts.push(
      warned(
        `What limits all creates together has no window of a day: ${whole.map(({ name, window }) => `${name} (${window})`).join(', ')}.`,
        'Add a budget with window day: a month can be gone in an hour.',
      ),
    );
  }
  if (verdicts.length > 0) return together(verdicts);
  const named = daily.map(({ name, limit, window }) => `${name}, ${toCredits(limit)} credits a ${window}`);
  return passed(`${named.join('; ')}: a create that would pass it is refused before it is sent.`);
}

/** Checks that a budget for all creates reports early enough that it is nearly used up. */
export function earlyThreshold(budgets: readonly BudgetRule[]): LineVerdict {
  const whole = enforcingAll(budgets);
  const early = whole.filter(({ alertAt }) => alertAt.some((share) => share <= SHARE));
  const verdicts: LineVerdict[] = [];
  if (early.length === 0) {
    const names = whole.map(({ name }) => name).join(', ');
    verdicts.push(
      whole.length === 0
        ? failed('There is no budget to report.', 'Add a budget, with "alertAt": [0.8].')
        : warned(`alertAt of ${names} has no share of ${SHARE} or less.`, 'Add 0.8 to its alertAt.'),
    );
  } else
    verdicts.push(
      passed(`${early.map(({ name }) => name).join(', ')}: alerts at ${SHARE * 100} %, once in each window.`),
    );
  return together(verdicts);
}
