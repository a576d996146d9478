/** The question and the answer of `GET /v1/reconciliation`; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';
import { ianaZone } from '../fields.ts';
import { instant as askedInstant } from './questions.ts';
import { credits, instant, operation } from './schema-parts.ts';

export const reconcileQuery = z.strictObject({
  from: askedInstant
    .optional()
    .openapi({ type: 'string', description: 'Inclusive; by default the midnight of 30 days ago.' }),
  to: askedInstant.optional().openapi({ type: 'string', description: 'Exclusive; by default now.' }),
  timeZone: ianaZone.default('UTC').openapi({ description: 'The zone of the days: an IANA zone.' }),
});
export type ReconcileQuery = z.output<typeof reconcileQuery>;

const sum = z.object({
  tasks: z.int(),
  credits: credits.describe('In our ledger: settled, or held where it is not decided.'),
  klingCredits: credits.describe('In Kling’s ledgers, converted.'),
});
const quantity = z.number().describe('A decimal with at most six places.');
const compared = {
  matched: sum,
  oursOnly: sum.describe('Settled here, and Kling’s complete ledgers have no deduction.'),
  theirsOnly: sum.describe('Charged by Kling, and no create here explains it: somebody else spends.'),
  different: sum,
  pending: sum.describe('Not decided: the hold is open, or a deduction may still appear.'),
  klingUnits: z.record(z.string(), quantity).describe('Deducted from packs, by product.'),
  klingCash: z.record(z.string(), quantity).describe('Deducted from the balance, by currency.'),
  driftCredits: credits.describe('The differences of our creates, all counted as positive.'),
};
const ledger = z.object({
  readAt: instant.nullable().describe('The last complete read.'),
  from: instant.nullable().describe('Tasks made from here on …'),
  through: instant.nullable().describe('… up to here have all their deductions.'),
  problem: z.string().nullable(),
});
const example = z.object({
  kind: z.enum(['oursOnly', 'theirsOnly', 'different']),
  taskId: z.string().nullable(),
  holdId: z.string().nullable(),
  app: z.string().nullable(),
  key: z.string().nullable().describe('The name at Kling of the key that made a task of somebody else.'),
  at: instant,
  credits: credits.nullable(),
  klingCredits: credits
    .nullable()
    .describe('Null if there is no deduction, or one without a price in credits.'),
});
const pack = z.object({
  id: z.string(),
  name: z.string(),
  product: z.enum(['video', 'image']),
  remaining: quantity.nullable().describe('By Kling’s list, which may be 12 hours late.'),
  expectedLeast: quantity.nullable().describe('By Kling’s ledger of units in these 12 hours.'),
  expectedMost: quantity.nullable(),
  difference: quantity
    .nullable()
    .describe('0 if the list agrees; above 0 if it has more than the ledger explains.'),
});
const estimate = z.object({
  operation,
  model: z.string().nullable(),
  exact: z
    .boolean()
    .describe('Whether these creates have a published price; others are held at the highest.'),
  creates: z.int(),
  heldCredits: credits,
  deductedCredits: credits,
  errorPercent: z.number().nullable().describe('Deducted against held; null if nothing was held.'),
});
export const reconciliationAnswer = z
  .object({
    from: instant,
    to: instant,
    timeZone: z.string(),
    comparedSince: instant
      .nullable()
      .describe('Kling’s charges before it are left out, since nothing ran here; null if nothing ever ran.'),
    ledgers: z.object({ package: ledger, balance: ledger }),
    totals: z.object(compared),
    days: z.array(z.object({ day: z.string(), ...compared })),
    examples: z.array(example).describe('The first 50 charges in question.'),
    packs: z.array(pack),
    estimates: z.array(estimate),
  })
  .openapi('ReconciliationAnswer');
export type ReconciliationAnswer = z.infer<typeof reconciliationAnswer>;
