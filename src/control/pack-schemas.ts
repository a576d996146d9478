/** The question and the answer of `GET /v1/packs`; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';
import { credits, instant } from './schema-parts.ts';

export const packsQuery = z.strictObject({
  all: z.enum(['true', 'false']).default('false').openapi({ description: 'Packs that have ended, too.' }),
});
export type PacksQuery = z.output<typeof packsQuery>;

const units = z.number().describe('Units of Kling’s, a decimal with at most six places.');
const product = z.enum(['video', 'image']);

export const packsAnswer = z
  .object({
    readAt: instant.nullable().describe('When Kling’s list was last read; null if it never was.'),
    problem: z.string().nullable().describe('Why the last read failed.'),
    packs: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        type: z.string().describe('As Kling writes it: `decreasing_total` or `constant_period`.'),
        product: product.describe('By the name: Kling’s list has no field for it.'),
        state: z.enum(['upcoming', 'usable', 'ended']),
        status: z.string().describe('As Kling writes it: `toBeOnline`, `online`, `expired`, `runOut`.'),
        totalUnits: units.nullable(),
        remainingUnits: units.nullable().describe('By Kling’s list, which may be twelve hours behind.'),
        remainingCredits: credits.nullable(),
        effectiveAt: instant,
        expiresAt: instant.describe('The first instant at which it can no longer be used.'),
        concurrency: z.int().nullable().describe('Tasks at once, by the name; null if it says none.'),
        perDayUnits: units.describe('Deducted from it a day, the mean of the last seven.'),
        daysLeft: z
          .number()
          .nullable()
          .describe('Until it is empty at that burn; null if nothing is deducted.'),
        unusedUnits: units
          .nullable()
          .describe('Left at its end at the burn of its product, if the pack that ends first is used first.'),
        unusedCredits: credits.nullable(),
        price: z
          .object({
            amount: z.number(),
            currency: z.string(),
            perCredit: z.number().nullable().describe('The amount for a credit of the whole pack.'),
          })
          .nullable()
          .describe('From claims.packs.'),
      }),
    ),
    products: z.array(
      z.object({
        product,
        remainingUnits: units.nullable().describe('In all usable packs.'),
        remainingCredits: credits.nullable(),
        perDayUnits: units,
        daysLeft: z.number().nullable(),
        nextBeginsAt: instant.nullable().describe('When the next pack that was bought begins.'),
      }),
    ),
  })
  .openapi('PacksAnswer');
export type PacksAnswer = z.infer<typeof packsAnswer>;
