/**
 * OTLP through OpenTelemetry's SDK: metrics, traces and log records to a collector.
 *
 * Loaded only if something is exported, after the data plane listens: importing the SDK takes about 340 ms and 45 MB
 * (measured 2026-11-21).
 *
 * **Invariant**: a collector that is dead, slow or hangs costs bounded memory (OpenTelemetry's queues hold 2,048 spans and
 * records, and drop further ones) and delays nothing: no answer waits for an export, and the end waits at most
 * {@link SHUTDOWN_MS_MAX}. No detector reads data of the machine or the command line.
 */
import { context, diag, DiagLogLevel, logs, metrics, trace, type ContextManager } from '@opentelemetry/api';
import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
  type ISerializer,
} from '@opentelemetry/otlp-transformer';
import { envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { AggregationTemporality, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import { within, type Clock } from '../clock.ts';
import type { Secret } from '../secret.ts';
import type { Ms } from '../units.ts';
import type { Log } from './log.ts';
import { createLogRecords } from './log-records.ts';
import { createMetricProducer, type MetricSource } from './metric-producer.ts';
import type { LogsExport, MetricsExport, OtlpExports, OtlpProtocol, Signal } from './otlp-config.ts';
import { createOtlpExporter, type OtlpExporter } from './otlp-exporter.ts';
import { createTracing } from './otlp-spans.ts';
import type { Tracing } from './tracing.ts';

/** The longest time that the end waits for the last exports. */
const SHUTDOWN_MS_MAX: Ms = 1_000;
/** Losses are logged once in this time, with their number. */
const REPORT_MS: Ms = 60_000;

export interface OtlpOptions {
  readonly exports: OtlpExports;
  readonly headers: Readonly<Record<Signal, ReadonlyMap<string, Secret>>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly metrics: MetricSource;
  readonly log: Log;
  readonly clock: Clock;
}

export interface Otlp {
  /** Null if traces are not exported. */
  readonly tracing: Tracing | null;
  /** Sends the remaining exports within a second, and drops the others. */
  shutdown(): Promise<void>;
}

/** Starts the exports. */
export function startOtlp(options: OtlpOptions): Otlp {
  const { exports, log, clock } = options;
  const onFailure = createLossReport(log, clock);
  const exporters: { close(): Promise<void> }[] = [];
  const exporterOf = <T>(
    signal: Signal,
    protocol: OtlpProtocol,
    serializer: Encoding<T>,
  ): OtlpExporter<T> => {
    const headers = options.headers[signal];
    const exporter = createOtlpExporter({ clock, signal, protocol, headers, serializer, onFailure });
    exporters.push(exporter);
    return exporter;
  };
  const sdk = new NodeSDK({
    resource: resourceFromAttributes(options.resource),
    resourceDetectors: [envDetector],
    contextManager: NO_CONTEXT,
    ...tracesPart(exports, exporterOf),
    metricReaders: exports.metrics ? [metricReader(exports.metrics, options.metrics, exporterOf)] : [],
    logRecordProcessors: exports.logs ? [logProcessor(exports.logs, exporterOf)] : [],
  });
  // The SDK would print its own errors to the console, between the log's lines.
  diag.setLogger(silent, { logLevel: DiagLogLevel.NONE, suppressOverrideMessage: true });
  sdk.start();
  const stopListening = exports.logs ? log.listen(createLogRecords(logs.getLogger('kling-sidecar'))) : null;
  return {
    tracing: exports.traces ? createTracing(trace.getTracer('kling-sidecar'), clock) : null,
    async shutdown() {
      stopListening?.();
      await within(
        clock,
        SHUTDOWN_MS_MAX,
        sdk.shutdown().catch(() => undefined),
      );
      await Promise.all(exporters.map((exporter) => exporter.close()));
      for (const api of [trace, metrics, logs, context, diag]) api.disable();
    },
  };
}

type Encoding<T> = Pick<ISerializer<T, unknown>, 'serializeRequest'>;
type ExporterOf = <T>(signal: Signal, protocol: OtlpProtocol, serializer: Encoding<T>) => OtlpExporter<T>;

function tracesPart({ traces }: OtlpExports, exporterOf: ExporterOf): Partial<NodeSDKConfiguration> {
  // Without a list the SDK would send to localhost.
  if (!traces) return { spanProcessors: [] };
  const serializer = traces.protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer;
  return { traceExporter: exporterOf('traces', traces.protocol, serializer) };
}

function metricReader(
  { protocol, intervalMs, timeoutMs }: MetricsExport,
  source: MetricSource,
  exporterOf: ExporterOf,
): PeriodicExportingMetricReader {
  const serializer = protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  const exporter = exporterOf('metrics', protocol, serializer);
  return new PeriodicExportingMetricReader({
    exporter: { ...exporter, selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE },
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: timeoutMs,
    metricProducers: [createMetricProducer(source)],
  });
}

function logProcessor(
  { protocol, queueMax, delayMs }: LogsExport,
  exporterOf: ExporterOf,
): BatchLogRecordProcessor {
  const serializer = protocol === 'http/json' ? JsonLogsSerializer : ProtobufLogsSerializer;
  return new BatchLogRecordProcessor({
    exporter: exporterOf('logs', protocol, serializer),
    ...(queueMax !== null && { maxQueueSize: queueMax }),
    ...(delayMs !== null && { scheduledDelayMillis: delayMs }),
  });
}

/** Our own code passes spans on: a context that follows every promise would make each of them slower. */
const NO_CONTEXT: ContextManager = {
  active: () => ROOT,
  with: (_context, call, self, ...values) => call.call(self as ThisParameterType<typeof call>, ...values),
  bind: (_context, target) => target,
  enable: () => NO_CONTEXT,
  disable: () => NO_CONTEXT,
};
const ROOT = context.active();

const ignore = (): void => undefined;
const silent = { error: ignore, warn: ignore, info: ignore, debug: ignore, verbose: ignore };

/** Logs losses, once in a minute with their number. */
function createLossReport(log: Log, clock: Clock): (signal: Signal, cause: string) => void {
  let lost = 0;
  let nextTick = -Infinity;
  return (signal, cause) => {
    lost += 1;
    if (clock.monotonic() < nextTick) return;
    nextTick = clock.monotonic() + REPORT_MS;
    log.warn('exports by OTLP were lost', { event: 'otlp_lost', signal, lost, cause: cause.slice(0, 200) });
    lost = 0;
  };
}
