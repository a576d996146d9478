/**
 * Gives the counted sums as Prometheus text.
 *
 * This module is loaded at the first scrape, never before: it costs about 100 ms and 30 MB (measured 2026-11-21), and
 * should not delay the start of the data plane.
 *
 * **Invariant**: no detector runs, so `target_info` shows nothing of the machine or the command line; no server
 * is started here; no series has a scope label.
 */
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { createMetricProducer, type MetricSource } from './metric-producer.ts';

export interface ExpositionOptions extends MetricSource {
  readonly resource: Readonly<Record<string, string>>;
}

export interface Exposition {
  /** Gives all metrics in the Prometheus text format, version 0.0.4. */
  text(): Promise<string>;
  shutdown(): Promise<void>;
}

/** Binds the instruments to an OpenTelemetry provider with one Prometheus reader. */
export function createExposition(options: ExpositionOptions): Exposition {
  const resource = resourceFromAttributes(options.resource);
  const metricProducers = [createMetricProducer(options)];
  const exporter = new PrometheusExporter({ preventServerStart: true, metricProducers });
  const provider = new MeterProvider({ resource, readers: [exporter] });
  const serializer = new PrometheusSerializer('', false, undefined, false, true);
  return {
    async text() {
      const { resourceMetrics } = await exporter.collect();
      return `${serializer.serialize(resourceMetrics).trimEnd()}\n`;
    },
    shutdown: () => provider.shutdown(),
  };
}
