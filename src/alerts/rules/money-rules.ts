/** The rules about money, the account and its credentials. */
import type { Rule } from '../rule.ts';
import { budgetForecast } from './budget-forecast.ts';
import { budgetThreshold, budgetUsedUp } from './budget-reached.ts';
import { clockWrong } from './clock-wrong.ts';
import { credentialsRefused } from './credentials-refused.ts';
import { creditsRefused } from './credits-refused.ts';
import { deductionDiffers } from './deduction-differs.ts';
import { foreignSpending } from './foreign-spending.ts';
import { klingRefuses } from './kling-refuses.ts';
import { ledgerDrift } from './ledger-drift.ts';
import { packExpires, packNearlyEmpty } from './packs.ts';
import { priceStale, routeUnpriced } from './prices.ts';
import { spendingFrozen } from './spending-frozen.ts';

export const moneyRules: readonly Rule[] = [
  budgetThreshold,
  budgetUsedUp,
  budgetForecast,
  creditsRefused,
  deductionDiffers,
  ledgerDrift,
  foreignSpending,
  routeUnpriced,
  priceStale,
  klingRefuses,
  credentialsRefused,
  clockWrong,
  packNearlyEmpty,
  packExpires,
  spendingFrozen,
];
