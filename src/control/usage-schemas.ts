/** The shapes of `GET /v1/usage`; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';
import { credits, instant, mode, operation, paged } from './schema-parts.ts';

const cost = z.number().describe('Credits times price.perCredit, in `currency`.');
const currency = z.string().describe('price.currency');

const usageRow = z
  .object({
    timestamp: instant,
    task_id: z.string().nullable(),
    credits: credits.describe('Settled; held while the hold is open.'),
    model: z.string().nullable(),
    duration: z.number().nullable().describe('Seconds.'),
    mode,
    prompt_preview: z.string().nullable(),
    app: z.string(),
    tag: z.string().nullable(),
    operation,
    settled: z.boolean(),
    cost,
    currency,
    results: z
      .object({
        count: z.int().describe('Files of its results.'),
        saved: z.int().describe('Those that are saved.'),
        bytes: z.int().describe('The bytes of these.'),
      })
      .nullable()
      .describe('Null where results are not kept.'),
    estimated_credits: credits.describe('What was held at the create.'),
  })
  .openapi('UsageRow');
export const usageAnswer = z.object({ rows: z.array(usageRow), ...paged }).openapi('UsageAnswer');
const usageSum = z
  .object({
    app: z.string().optional(),
    operation: z.string().optional(),
    model: z.string().nullable().optional(),
    mode: z.string().nullable().optional(),
    tag: z.string().nullable().optional(),
    day: z.string().optional(),
    month: z.string().optional(),
    tasks: z.int(),
    credits,
    heldCredits: credits,
    estimatedCredits: credits.describe(
      'What was held for the creates that have ended: the estimate of `credits`.',
    ),
    cost,
    heldCost: cost,
    currency,
  })
  .openapi('UsageSum');
export const usageSumsAnswer = z.object({ rows: z.array(usageSum) }).openapi('UsageSumsAnswer');

export type UsageAnswer = z.infer<typeof usageAnswer>;
export type UsageSumsAnswer = z.infer<typeof usageSumsAnswer>;
