/** The parts that the shapes of several answers have: credits, times, pages of a list. */
import { z } from '@hono/zod-openapi';
import { MODES, OPERATIONS } from '../words.ts';

export const credits = z.number().describe('Credits, a decimal with at most three places.');
export const instant = z.iso.datetime().describe('ISO 8601 in UTC.');
export const paged = {
  nextCursor: z.string().nullable().describe('Pass it as `cursor` for the next page; null at the end.'),
  total: z
    .int()
    .optional()
    .describe('With `total=true`: all rows of the list; 100,001 says that there are more than 100,000.'),
  totalIsBounded: z
    .literal(true)
    .optional()
    .describe(
      'There are older rows that were not looked at: `total` counts those of the newest 100,000 rows.',
    ),
};
export const searched = z
  .object({ rows: z.int(), backTo: instant })
  .nullable()
  .describe(
    'If a page ended before it was full: how many rows were looked at, and back to when. Go on with `nextCursor`.',
  );
export const mode = z.enum(MODES).nullable();
export const operation = z.enum(OPERATIONS);
