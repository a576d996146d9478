/**
 * Hands the counted sums to OpenTelemetry and gives them as Prometheus text.
 *
 * This module is loaded at the first scrape, never before: it costs about 100 ms and 30 MB (measured 2026-11-21), and the
 * data plane should listen by then. Our sums enter as a `MetricProducer`, OpenTelemetry's door for sums that were
 * made elsewhere, so that every reader (Prometheus now, OTLP beside it) sees the same.
 *
 * **Invariant**: no detector runs, so nothing of the machine or the command line enters `target_info`; no server
 * is started here; no series carries a scope label.
 */
import { ValueType, type Attributes } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  MeterProvider,
  type DataPoint,
  type MetricData,
  type MetricDescriptor,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { Clock } from '../clock.ts';
import type { Counter, GaugeShape, Histogram, InstrumentShape } from './instruments.ts';

/** One gauge with its values at this moment. */
export interface GaugeReading {
  readonly gauge: GaugeShape;
  readonly points: readonly { labels: readonly string[]; value: number }[];
}

export interface ExpositionOptions {
  readonly resource: Readonly<Record<string, string>>;
  readonly instruments: Iterable<Counter | Histogram>;
  readonly gauges: () => Promise<readonly GaugeReading[]>;
  readonly clock: Clock;
}

export interface Exposition {
  /** Gives everything in the Prometheus text format, version 0.0.4. */
  text(): Promise<string>;
  shutdown(): Promise<void>;
}

type Instant = DataPoint<number>['startTime'];
type Point = Pick<DataPoint<number>, 'startTime' | 'endTime' | 'attributes'>;

/** Binds the instruments to an OpenTelemetry provider with one Prometheus reader. */
export function createExposition(options: ExpositionOptions): Exposition {
  const instruments = [...options.instruments];
  const resource = resourceFromAttributes(options.resource);
  const startTime = instantOf(options.clock.now());
  const producer: MetricProducer = {
    async collect() {
      const readings = await options.gauges();
      const times = { startTime, endTime: instantOf(options.clock.now()) };
      const metrics = [
        ...instruments.map((instrument) => ofInstrument(instrument, times)),
        ...readings.map((reading) => ofGauge(reading, times)),
      ].filter((metric) => metric.dataPoints.length > 0);
      return {
        resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'kling-sidecar' }, metrics }] },
        errors: [],
      };
    },
  };
  const exporter = new PrometheusExporter({ preventServerStart: true, metricProducers: [producer] });
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

interface Times {
  readonly startTime: Instant;
  readonly endTime: Instant;
}

function ofInstrument(instrument: Counter | Histogram, times: Times): MetricData {
  return instrument.type === 'counter' ? ofCounter(instrument, times) : ofHistogram(instrument, times);
}

function ofCounter(counter: Counter, times: Times): MetricData {
  return {
    descriptor: descriptorOf(counter),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: Array.from(counter.points(), (point) => ({
      ...pointOf(counter, point.labels, times),
      value: point.value / counter.divisor,
    })),
  };
}

function ofHistogram(histogram: Histogram, times: Times): MetricData {
  return {
    descriptor: descriptorOf(histogram),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: Array.from(histogram.points(), (point) => ({
      ...pointOf(histogram, point.labels, times),
      value: {
        buckets: { boundaries: [...histogram.bounds], counts: [...point.counts] },
        sum: point.sum,
        count: point.count,
      },
    })),
  };
}

function ofGauge(reading: GaugeReading, times: Times): MetricData {
  return {
    descriptor: descriptorOf(reading.gauge),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints: reading.points.map((point) => ({
      ...pointOf(reading.gauge, point.labels, times),
      value: point.value,
    })),
  };
}

function descriptorOf(shape: InstrumentShape): MetricDescriptor {
  return { name: shape.name, description: shape.help, unit: '', valueType: ValueType.DOUBLE };
}

/** Pairs names with values; an empty value is left out, which Prometheus holds for the same. */
function pointOf(shape: InstrumentShape, values: readonly string[], times: Times): Point {
  const attributes: Attributes = {};
  for (const [index, name] of shape.labels.entries()) {
    const value = values[index];
    if (value !== undefined && value !== '') attributes[name] = value;
  }
  return { ...times, attributes };
}

function instantOf(ms: number): Instant {
  return [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
}
