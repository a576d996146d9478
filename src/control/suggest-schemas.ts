/** The questions and answers of `GET /v1/suggestions/prices` and `/v1/suggestions/budgets`; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';
import { ianaZone } from '../fields.ts';
import { instant as askedInstant } from './questions.ts';
import { credits, instant, mode, operation } from './schema-parts.ts';

const span = {
  from: askedInstant
    .optional()
    .openapi({ type: 'string', description: 'Inclusive; by default 30 days ago.' }),
  to: askedInstant.optional().openapi({ type: 'string', description: 'Exclusive; by default now.' }),
};

export const pricesQuery = z.strictObject({
  ...span,
  tasks: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(3)
    .openapi({ description: 'The fewest tasks of one kind that a price is suggested by.' }),
});
export type PricesQuery = z.output<typeof pricesQuery>;

export const budgetsQuery = z.strictObject({
  ...span,
  timeZone: ianaZone.default('UTC').openapi({ description: 'The zone of the windows: an IANA zone.' }),
  headroom: z.coerce
    .number()
    .min(0)
    .max(1000)
    .default(25)
    .openapi({ description: 'Percent above the most that was spent in a window.' }),
});
export type SuggestedBudgetsQuery = z.output<typeof budgetsQuery>;

const kind = {
  operation,
  model: z.string().nullable(),
  mode,
  sound: z.boolean().nullable().describe('Null if it is not known, or has no part in the price.'),
  per: z.enum(['second', 'each', 'task']),
  tasks: z.int(),
};
const answered = { from: instant, to: instant };

export const pricesAnswer = z
  .object({
    ...answered,
    overrides: z
      .array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])))
      .describe('For pricing.overrides, as they are.'),
    suggestions: z.array(
      z.object({ ...kind, heldCredits: credits.describe('For a unit, now.'), deductedCredits: credits }),
    ),
    unclear: z
      .array(
        z.object({
          ...kind,
          rates: z.array(credits).describe('What Kling deducted for a unit, most often first.'),
        }),
      )
      .describe('Kinds whose deductions differ from what was held, and not by one rate.'),
  })
  .openapi('PriceSuggestionsAnswer');
export type PricesAnswer = z.infer<typeof pricesAnswer>;

const limits = z.array(
  z.object({
    app: z.string().nullable().describe('Null for the account as a whole.'),
    window: z.enum(['day', 'week', 'month']),
    highestCredits: credits.describe('The most that was spent in one such window.'),
    windows: z.int().describe('Windows in which something was spent.'),
    limitCredits: credits,
  }),
);

export const suggestedBudgetsAnswer = z
  .object({
    ...answered,
    source: z
      .enum(['kling', 'ours'])
      .describe('Of the account as a whole: Kling’s ledgers, or our creates if those were never read.'),
    budgets: z.array(z.record(z.string(), z.unknown())).describe('For budgets, as they are.'),
    limits,
  })
  .openapi('BudgetSuggestionsAnswer');
export type SuggestedBudgetsAnswer = z.infer<typeof suggestedBudgetsAnswer>;
