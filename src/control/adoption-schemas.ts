/** The shape of a store's adoption in the answer of `GET /v1/status`. */
import { z } from '@hono/zod-openapi';

const instant = z.iso.datetime().describe('ISO 8601 in UTC.');
const credits = z.number().describe('Credits, a decimal with at most three places.');

export const adoptionAnswer = z.object({
  state: z
    .enum(['waiting', 'open', 'done'])
    .describe('`waiting`: creates wait; `open`: the books are read again for a day; `done`.'),
  beganAt: instant,
  openedAt: instant.nullable().describe('Since when creates are admitted.'),
  readAt: instant.nullable().describe('The last complete read of Kling’s books.'),
  from: instant.nullable().describe('The first instant that was read; null without a budget.'),
  openTasks: z.int(),
  heldCredits: credits.describe('Held for the open tasks when they were adopted, at the highest price.'),
  endedTasks: z.int(),
  settledCredits: credits,
  problem: z.string().nullable().describe('Why the books are not adopted completely.'),
});

export type AdoptionAnswer = z.output<typeof adoptionAnswer>;

/** In `GET /v1/status`. */
export const adoptionStatus = adoptionAnswer
  .nullable()
  .describe(
    'What a new store took over from Kling’s books; null for a store that had creates, or with store.adopt off.',
  );
