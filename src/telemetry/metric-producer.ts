/**
 * Gives our counted sums to OpenTelemetry through a `MetricProducer`, its interface for sums from elsewhere, so that
 * every reader (Prometheus, OTLP) sees the same names and values.
 *
 * **Invariant**: sums are cumulative since the start of the process, also if a reader prefers another temporality.
 */
import { ValueType, type Attributes } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type DataPoint,
  type MetricData,
  type MetricDescriptor,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import type { Counter, GaugeShape, Histogram, InstrumentShape } from './instruments.ts';

/** One gauge with its values at this moment. */
export interface GaugeReading {
  readonly gauge: GaugeShape;
  readonly points: readonly { labels: readonly string[]; value: number }[];
}

/** The source of the values. */
export interface MetricSource {
  readonly instruments: Iterable<Counter | Histogram>;
  readonly gauges: () => Promise<readonly GaugeReading[]>;
  readonly clock: Clock;
  /** The instant when counting began. */
  readonly startedAt: Ms;
}

type Instant = DataPoint<number>['startTime'];
type Point = Pick<DataPoint<number>, 'startTime' | 'endTime' | 'attributes'>;

/** Makes the producer; its resource is the reader's own. */
export function createMetricProducer(source: MetricSource): MetricProducer {
  const instruments = [...source.instruments];
  const startTime = instantOf(source.startedAt);
  return {
    async collect() {
      const readings = await source.gauges();
      const times = { startTime, endTime: instantOf(source.clock.now()) };
      const metrics = [
        ...instruments.map((instrument) => ofInstrument(instrument, times)),
        ...readings.map((reading) => ofGauge(reading, times)),
      ].filter((metric) => metric.dataPoints.length > 0);
      const scopeMetrics = [{ scope: { name: 'kling-sidecar' }, metrics }];
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
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

/** Pairs names with values; an empty value is left out, which means the same to Prometheus. */
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
