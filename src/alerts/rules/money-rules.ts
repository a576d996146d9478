/** The rules about money: budgets, prices, packs, and what is spent elsewhere. */
import type { Rule } from '../rule.ts';
import { budgetForecast } from './budget-forecast.ts';
import { budgetThreshold, budgetUsedUp } from './budget-reached.ts';
import { spendingFrozen } from './spending-frozen.ts';

export const moneyRules: readonly Rule[] = [budgetThreshold, budgetUsedUp, budgetForecast, spendingFrozen];
