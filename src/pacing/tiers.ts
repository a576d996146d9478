/**
 * Tiers of an account: how much a team may use at once, in a minute and in a day, where neither the config nor a pack says so.
 *
 * The figures are those that users pass on to each other (a table of a public skill for Kling's API, read 2026-11-21). Kling's own
 * pages name no tiers: they say that concurrency belongs to packs. So a tier is used only where the config names it.
 */
import { z } from 'zod';

export interface Tier {
  name: 'free' | 'standard' | 'pro' | 'enterprise';
  /** Tasks at once, for each product. */
  concurrency: number;
  /** Null for no limit. */
  requestsPerMinute: number | null;
  /** Whole credits; null for no limit. */
  creditsPerDay: number | null;
}

const NAMED: Readonly<Record<'free' | 'standard' | 'pro', Tier>> = {
  free: { name: 'free', concurrency: 1, requestsPerMinute: 10, creditsPerDay: 66 },
  standard: { name: 'standard', concurrency: 3, requestsPerMinute: 30, creditsPerDay: null },
  pro: { name: 'pro', concurrency: 5, requestsPerMinute: 60, creditsPerDay: null },
};

export const tierValue = z
  .union([
    z.enum(['free', 'standard', 'pro']),
    z.strictObject({
      enterprise: z.int().min(1).max(100_000).describe('Tasks at once, for videos and for images.'),
      requestsPerMinute: z.int().min(1).max(1_000_000).nullable().default(null),
    }),
  ])
  .nullable()
  .default(null)
  .describe(
    'Limits of the account where neither limits.concurrency nor a pack names one: free 1 task at once, standard 3, pro 5, or a number.',
  );

/** Gives the tier that the config names; null for none. */
export function tierOf(value: z.output<typeof tierValue>): Tier | null {
  if (value === null) return null;
  if (typeof value === 'string') return NAMED[value];
  const { enterprise: concurrency, requestsPerMinute } = value;
  return { name: 'enterprise', concurrency, requestsPerMinute, creditsPerDay: null };
}
