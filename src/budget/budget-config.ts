/** The `budgets` section of the config, and the pieces of schema that other sections share with it. */
import { z } from 'zod';
import { configSection } from '../config-section.ts';
import { APP_NAME, creditsAmount, ianaZone, label, TAG } from '../fields.ts';
import { fromCredits, type MilliCredits } from '../units.ts';
import { FREE_OPERATIONS, OPERATIONS } from '../words.ts';
import { commonZone, type BudgetRule } from './budget-rule.ts';

const budgetMatch = z.strictObject({
  app: z
    .string()
    .regex(APP_NAME, {
      error: 'an app as callers name it: 1 to 64 letters, digits, dots, dashes, underscores',
    })
    .optional(),
  operation: z.enum(OPERATIONS).exclude(FREE_OPERATIONS).optional(),
  model: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('A model of the price list in any spelling, or one that the list does not have yet.'),
  tag: z
    .string()
    .regex(TAG, { error: 'a tag as callers send it: 1 to 100 letters, digits and . _ : / @ + = -' })
    .optional(),
});

const budget = z
  .strictObject({
    name: label,
    credits: creditsAmount.optional().describe('The limit in credits; either this or usd.'),
    usd: z
      .number()
      .min(0.001)
      .max(100_000_000)
      .optional()
      .describe('The limit in US dollars, converted by price.perCredit.'),
    window: z.enum(['hour', 'day', 'week', 'month', 'total']).default('day'),
    timeZone: ianaZone.default('UTC').describe('Windows of a day and longer begin at its midnights.'),
    alertAt: z
      .array(z.number().gt(0).max(1))
      .max(20)
      .readonly()
      .default([0.8])
      .describe('Shares of the limit that are logged and alerted once a window; 1 always is.'),
    mode: z.enum(['enforce', 'shadow']).default('enforce').describe('shadow counts and never refuses.'),
    match: budgetMatch
      .prefault({})
      .describe('Narrows the budget; every field given must equal the create’s.'),
    per: z.enum(['app', 'tag']).nullable().default(null).describe('One such budget for each app or tag.'),
  })
  .superRefine((value, ctx) => {
    const given = [value.credits, value.usd].filter((limit) => limit !== undefined).length;
    if (given === 1) return;
    ctx.addIssue({
      code: 'custom',
      message: 'exactly one of credits and usd',
      params: { suggestion: given === 0 ? 'add "credits": 1000' : 'remove one of the two' },
    });
  });

export const budgetsSection = z
  .array(budget)
  .max(1000)
  .readonly()
  .superRefine((budgets, ctx) => {
    const seen = new Set<string>();
    for (const [index, { name }] of budgets.entries()) {
      if (seen.has(name)) {
        ctx.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: 'a name that no other budget has',
          params: { suggestion: `call it "${name}-2"` },
        });
      }
      seen.add(name);
    }
  })
  .prefault([
    { name: 'daily', credits: 1000, window: 'day', timeZone: 'UTC', alertAt: [0.8], mode: 'enforce' },
  ]);

/** Turns the section into rules; limits in dollars are converted at `perCredit` dollars and rounded down. */
export function toBudgetRules(
  budgets: z.output<typeof budgetsSection>,
  perCredit: number,
): readonly BudgetRule[] {
  return budgets.map(({ credits, usd, match, alertAt, ...rest }) => ({
    ...rest,
    limit: credits === undefined ? usdToMilli(usd ?? 0, perCredit) : fromCredits(credits),
    alertAt: [...new Set(alertAt)].sort((a, b) => a - b),
    match: {
      ...(match.app === undefined ? {} : { app: match.app }),
      ...(match.operation === undefined ? {} : { operation: match.operation }),
      ...(match.model === undefined ? {} : { model: match.model }),
      ...(match.tag === undefined ? {} : { tag: match.tag }),
    },
  }));
}

/** Gives the rules that apply if the config names no budgets. */
export function defaultBudgetRules(): readonly BudgetRule[] {
  return toBudgetRules(budgetsSection.parse(undefined), 1);
}

/** Gives the thousandths of credits for `usd` at `perCredit` dollars a credit, exact, rounded down. */
export function usdToMilli(usd: number, perCredit: number): MilliCredits {
  const money = decimalParts(usd);
  const price = decimalParts(perCredit);
  const scale = Math.max(money.places, price.places);
  const moneyScaled = money.digits * 10n ** BigInt(scale - money.places);
  const priceScaled = price.digits * 10n ** BigInt(scale - price.places);
  return Number((moneyScaled * 1000n) / priceScaled);
}

/** Splits the shortest decimal text of a number; the bounds above exclude exponents. */
function decimalParts(value: number): { digits: bigint; places: number } {
  const [whole = '0', fraction = ''] = String(value).split('.');
  return { digits: BigInt(whole + fraction), places: fraction.length };
}

/** The name of the budget that a tier adds. */
const TIER_BUDGET = 'free-tier';

/**
 * Adds the day's credits of the account's tier as a budget of its own: all matching budgets must have room, so a lower one still
 * refuses first. A budget of that name replaces it.
 */
function withTierBudget(rules: readonly BudgetRule[], creditsPerDay: number | null): readonly BudgetRule[] {
  if (creditsPerDay === null || rules.some(({ name }) => name === TIER_BUDGET)) return rules;
  const tierBudget: BudgetRule = {
    name: TIER_BUDGET,
    limit: fromCredits(creditsPerDay),
    window: 'day',
    timeZone: commonZone(rules) ?? 'UTC',
    alertAt: [0.8],
    mode: 'enforce',
    match: {},
    per: null,
  };
  return [...rules, tierBudget];
}

interface BudgetOthers {
  price: { perCredit: number };
  /** Whole credits that the account's tier gives a day; null for no limit. */
  tierCreditsPerDay: number | null;
  /** Gives the name that a model's creates are booked under. */
  bookedName(model: string): string;
}

export const budgetsConfig = configSection({
  schema: budgetsSection,
  toConfig: (budgets, { price, bookedName, tierCreditsPerDay }: BudgetOthers): readonly BudgetRule[] => {
    const rules = toBudgetRules(budgets, price.perCredit).map((rule) => {
      const { model } = rule.match;
      return model === undefined ? rule : { ...rule, match: { ...rule.match, model: bookedName(model) } };
    });
    return withTierBudget(rules, tierCreditsPerDay);
  },
});
