/** The `telemetry` section of the config. */
import { z } from 'zod';
import type { OtlpExports } from './otlp-config.ts';

export const telemetrySection = z
  .strictObject({
    otlp: z
      .boolean()
      .default(false)
      .describe(
        'Send metrics, traces and logs by OTLP, to OTEL_EXPORTER_OTLP_ENDPOINT or http://localhost:4318. An endpoint in the environment does the same.',
      ),
  })
  .prefault({});

export interface TelemetryConfig extends z.output<typeof telemetrySection> {
  /** What is sent by OTLP; null where nothing is. */
  readonly exports: OtlpExports | null;
}
