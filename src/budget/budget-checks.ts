/** What `doctor` finds of the limits: the mode, and whether a budget limits all creates together. */
import { notOk, ok, type Check } from '../check.ts';
import { countText } from '../phrases.ts';
import type { EnforceMode } from '../words.ts';
import type { BudgetRule } from './budget-rule.ts';

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
