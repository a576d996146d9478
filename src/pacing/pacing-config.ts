/** The `limits` section of the config: how many tasks and requests leave at once. */
import { z } from 'zod';
import { configSection } from '../config-section.ts';

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
        'Tasks running at once, by "video", "image" or model; Kling’s own limit belongs to the pack.',
      ),
    requestsPerMinute: z.int().min(1).max(1_000_000).nullable().default(null),
    queueWaitMsMax: z.int().min(0).max(29_999).default(5000).describe('0 never waits for a slot.'),
    queueLengthMax: z.int().min(0).max(100_000).default(256),
  })
  .prefault({});

export type LimitsConfig = z.output<typeof limitsSection>;

export const limitsConfig = configSection({
  schema: limitsSection,
  /** Limits get the names that creates are booked under. */
  toConfig: (limits, { bookedName }: { bookedName(name: string): string }): LimitsConfig => ({
    ...limits,
    concurrency: Object.fromEntries(
      Object.entries(limits.concurrency).map(([name, limit]) => [bookedName(name), limit]),
    ),
  }),
});
