/** The `telemetry` section of the config. */
import { z } from 'zod';

export const telemetrySection = z
  .strictObject({ otlp: z.boolean().default(false).describe('Send traces and metrics by OTLP.') })
  .prefault({});

export type TelemetryConfig = z.output<typeof telemetrySection>;
