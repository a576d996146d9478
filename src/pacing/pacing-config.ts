/** The `limits` section of the config: how many tasks and requests leave at once. */
import { z } from 'zod';
import { configSection } from '../config-section.ts';
import { tierOf, tierValue, type Tier } from './tiers.ts';

export const limitsSection = z
  .strictObject({
    concurrency: z
      .record(
        z
          .string()
          .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, { error: '"video", "image" or a model such as "kling-v3"' }),
        z.int().min(1).max(100_000),
      )
      .readonly()
      .default({})
      .describe(
        'Tasks running at once, by "video", "image" or model. Without it the limit of the account’s packs is used.',
      ),
    tier: tierValue,
    requestsPerMinute: z
      .int()
      .min(1)
      .max(1_000_000)
      .nullable()
      .default(null)
      .describe('null: that of limits.tier, if it has one.'),
    queueWaitMsMax: z.int().min(0).max(29_999).default(5000).describe('0 never waits for a slot.'),
    queueLengthMax: z.int().min(0).max(100_000).default(256),
  })
  .prefault({});

type LimitsValues = z.output<typeof limitsSection>;

export interface LimitsConfig extends Omit<LimitsValues, 'tier'> {
  /** Null if the config names none. */
  readonly tier: Tier | null;
}

export const limitsConfig = configSection({
  schema: limitsSection,
  /** Limits get the names that creates are booked under; a tier gives the requests a minute that the config leaves open. */
  toConfig: (limits, { bookedName }: { bookedName(name: string): string }): LimitsConfig => {
    const tier = tierOf(limits.tier);
    return {
      ...limits,
      tier,
      requestsPerMinute: limits.requestsPerMinute ?? tier?.requestsPerMinute ?? null,
      concurrency: Object.fromEntries(
        Object.entries(limits.concurrency).map(([name, limit]) => [bookedName(name), limit]),
      ),
    };
  },
});
