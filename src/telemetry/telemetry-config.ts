/** The `telemetry` section of the config. */
import { z } from 'zod';
import { configSection } from '../config-section.ts';
import type { OtlpExports } from './otlp-config.ts';

export const telemetrySection = z
  .strictObject({
    otlp: z
      .boolean()
      .default(false)
      .describe(
        'Send metrics, traces and logs by OTLP, to OTEL_EXPORTER_OTLP_ENDPOINT or http://localhost:4318. An endpoint in the environment does the same.',
      ),
    accessLog: z
      .union([z.enum(['all', 'errors', 'off']), z.number().gt(0).lt(1)])
      .default('all')
      .describe(
        'Lines of requests in the log: all, errors (what failed or was refused), off, or a share such as 0.1: that part of the calls that succeeded, and all others. The journal has every call.',
      ),
  })
  .prefault({});

export type AccessLogSetting = z.output<typeof telemetrySection>['accessLog'];

export interface TelemetryConfig extends z.output<typeof telemetrySection> {
  /** The exports by OTLP; null without any. */
  readonly exports: OtlpExports | null;
}

export const telemetryConfig = configSection({
  schema: telemetrySection,
  toConfig: (section, { exports }: Pick<TelemetryConfig, 'exports'>): TelemetryConfig => ({
    ...section,
    exports,
  }),
});
