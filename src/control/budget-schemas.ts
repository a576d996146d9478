/** The shapes of budgets; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';
import { credits, instant } from './schema-parts.ts';

const usd = z
  .number()
  .nullable()
  .describe('By price.perCredit; null for a budget whose limit is in credits.');
const window = z.enum(['hour', 'day', 'week', 'month', 'total']);
const match = z.object({
  app: z.string().optional(),
  operation: z.string().optional(),
  model: z.string().optional(),
  tag: z.string().optional(),
});
export const budget = z
  .object({
    name: z.string(),
    counterId: z
      .string()
      .describe('Of this row in this window: with it as `counter`, /v1/holds lists what counts on it.'),
    window,
    windowKey: z.string(),
    startsAt: instant,
    resetsAt: instant.nullable().describe('Null for a total budget.'),
    timeZone: z.string(),
    limitCredits: credits,
    settledCredits: credits,
    heldCredits: credits,
    inDoubtCredits: credits.describe('Part of heldCredits.'),
    remainingCredits: credits.describe('Below 0 if Kling deducted more than was held.'),
    usedPercent: z.number().describe('Settled and held of the limit; 100 for a limit of 0.'),
    mode: z.enum(['enforce', 'shadow']),
    match,
    limitUsd: usd,
    usedUsd: usd.describe('Settled and held, in US dollars.'),
    remainingUsd: usd,
    cost: z
      .object({ limit: z.number(), used: z.number(), remaining: z.number(), currency: z.string() })
      .describe('The same credits times price.perCredit, rounded to hundredths; `used` is settled and held.'),
    exhaustionSeconds: z
      .number()
      .nullable()
      .describe(
        'Until the limit is reached at the pace of the last hour; 0 if it is reached. Null if the budget lasts to the end of its window, ' +
          'if less than five minutes are known, or if no sidecar runs.',
      ),
    raises: z
      .array(
        z.object({
          byCredits: credits,
          from: instant,
          until: instant.describe('Exclusive.'),
          actor: z.string(),
          reason: z.string(),
        }),
      )
      .describe('The raises in force: each is part of limitCredits.'),
    per: z.enum(['app', 'tag']).nullable(),
    perValue: z.string().nullable().describe('The app or tag of this row, if the budget is per app or tag.'),
    pending: z
      .literal(true)
      .optional()
      .describe(
        'Present while spending from before the budget was added is still being counted: until then only the counted part limits.',
      ),
  })
  .openapi('Budget');
export const budgetLimitsAnswer = z
  .object({
    budgets: z.array(
      z.object({
        name: z.string(),
        window,
        timeZone: z.string(),
        match,
        per: z.enum(['app', 'tag']).nullable(),
        addedAt: instant.describe('When it was added to the config: before, it limited nothing.'),
        limits: z
          .array(
            z.object({
              from: instant,
              to: instant.describe('Exclusive.'),
              limitCredits: credits.describe('With the raises.'),
            }),
          )
          .describe('In order of time; neighbours differ.'),
      }),
    ),
  })
  .openapi('BudgetLimitsAnswer');
export const budgetsAnswer = z.object({ budgets: z.array(budget) }).openapi('BudgetsAnswer');

export type BudgetAnswer = z.infer<typeof budget>;
export type BudgetsAnswer = z.infer<typeof budgetsAnswer>;
export type BudgetLimitsAnswer = z.infer<typeof budgetLimitsAnswer>;
