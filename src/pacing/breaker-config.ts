/** The `breaker` section of the config: when creates fail fast because Kling fails. */
import { z } from 'zod';
import { plainSection } from '../config-section.ts';

export const breakerConfig = plainSection(
  z
    .strictObject({
      failures: z
        .int()
        .min(1)
        .max(1_000)
        .default(5)
        .describe('So many attempts at creates in a row without an answer, or with a 5xx, open it.'),
    })
    .nullable()
    .prefault({})
    .describe('While it is open, creates fail fast and one is sent every 30 s. null switches it off.'),
);
