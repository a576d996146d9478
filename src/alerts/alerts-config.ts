/** The `alerts` section of the config. */
import { z } from 'zod';

export const alertsSection = z
  .strictObject({
    channels: z.array(z.record(z.string(), z.unknown())).readonly().default([]),
    rules: z.record(z.string(), z.unknown()).default({}),
  })
  .prefault({});

export type AlertsConfig = z.output<typeof alertsSection>;
