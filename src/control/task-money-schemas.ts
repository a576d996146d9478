/** What one task's answer says of its money; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';
import { credits, instant } from './schema-parts.ts';

const basis = z
  .enum(['reported', 'estimate', 'none'])
  .describe(
    'reported: Kling named the amount. estimate: our price, since Kling named none. none: nothing was spent.',
  );

export const taskMoneyFields = {
  price: z.object({
    credits: credits.describe('What was held for it.'),
    basis: z.enum(['exact', 'assumed', 'unknown']),
    rule: z
      .string()
      .nullable()
      .describe(
        'How the price was computed, with its source; null where that is not kept (earlier versions, adopted tasks).',
      ),
    notes: z.array(z.string()).describe('What was unsure about the price.'),
    durationSeconds: z.string().nullable(),
    weight: z.int().describe('The slots that it takes.'),
    route: z.string(),
  }),
  deduction: z
    .object({
      credits: credits.describe('What is settled now: the end and every later change.'),
      at: instant,
      basis,
      source: z
        .enum(['create', 'poll', 'app_read', 'look_up', 'ledgers'])
        .nullable()
        .describe('Where Kling’s amount was seen; null if the amount is not Kling’s.'),
      note: z
        .string()
        .nullable()
        .describe('Kling’s own text of the amount, its message, or an operator’s reason.'),
      changes: z.array(z.object({ at: instant, byCredits: credits, basis, note: z.string().nullable() })),
    })
    .nullable()
    .describe('How its hold ended; null while it is held.'),
  ledgerRows: z
    .array(
      z.object({
        wallet: z.enum(['package', 'balance']),
        at: instant,
        amount: z.string().describe('Kling’s own amount, such as "2.4 video".'),
        credits: credits.nullable(),
        packId: z.string().nullable(),
      }),
    )
    .describe('The rows of Kling’s ledgers for it, as they were last read.'),
};
