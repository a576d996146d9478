/**
 * The planes report their work here: one function for each business event writes metric and log line together.
 *
 * Events are counted in memory at once; OpenTelemetry's modules are loaded at the first request for `/metrics`, so that
 * they delay neither the start nor a request, and no earlier event is lost.
 *
 * **Invariant**: no function here throws, waits, or fails an answer; an event that cannot be recorded is dropped without
 * a count. It reads the store only through the gauge source, and never sees a body, a prompt or a secret.
 */
import { stayAwake, within, type Clock } from '../clock.ts';
import type { Secret } from '../secret.ts';
import { createEvents, type BusinessEvents } from './events.ts';
import type { Exposition } from './exposition.ts';
import { createEventLoopLag, readGauges, type GaugeSnapshot } from './gauges.ts';
import { createInstruments } from './metrics.ts';
import type { GaugeReading } from './metric-producer.ts';
import type { Log } from './log.ts';
import type { Otlp } from './otlp.ts';
import type { OtlpExports, Signal } from './otlp-config.ts';
import type { AccessLogSetting } from './telemetry-config.ts';
import type { Tracing } from './tracing.ts';
import type { Ms } from '../units.ts';

export interface TelemetryOptions {
  environment: string;
  version: string;
  /** Names of the configured apps; other labels that callers choose are counted as `other`. */
  knownApps: readonly string[];
  log: Log;
  /** Which lines of requests are written; all by default. */
  accessLog?: () => AccessLogSetting;
  clock: Clock;
  /** The exports by OTLP, with the headers for the collector; none by default. */
  otlp?: { exports: OtlpExports; headers: Readonly<Record<Signal, ReadonlyMap<string, Secret>>> } | null;
  /** The price of a credit now. */
  price: () => { perCredit: number; currency: string };
}

export interface Telemetry extends BusinessEvents {
  /** Null with tracing off. */
  readonly tracing: Tracing | null;
  /** Sets the source of the gauges at each scrape; replaces an earlier one. */
  gaugeSource(source: () => Promise<GaugeSnapshot>): void;
  /** When {@link metricsText} was last called; null before the first call. */
  readonly metricsReadAt: Ms | null;
  /** Gives all metrics in the Prometheus text format. Rejects only if OpenTelemetry cannot be loaded. */
  metricsText(): Promise<string>;
  /** Begins to export by OTLP, if configured; a failure is logged. Called once the data plane listens. */
  startExports(): Promise<void>;
  /** Ends measuring within a second and writes the rest of the log. Idempotent. */
  shutdown(): Promise<void>;
}

/** How long a scrape waits for the gauge source; after that the gauges are absent from the scrape. */
const GAUGES_MS_MAX = 2000;
const SHUTDOWN_MS_MAX = 1000;

function resourceOf({ version, environment }: TelemetryOptions): Record<string, string> {
  return { 'service.name': 'kling-sidecar', 'service.version': version, environment };
}

/** Makes the telemetry of one running sidecar. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { clock, log } = options;
  const instruments = createInstruments();
  const lag = createEventLoopLag();
  const startedAtSeconds = clock.now() / 1000;
  let source: (() => Promise<GaugeSnapshot>) | null = null;
  let exposition: Promise<Exposition> | null = null;
  let otlp: Otlp | null = null;
  let isShutDown = false;
  let metricsReadAt: Ms | null = null;

  const gauges = async (): Promise<readonly GaugeReading[]> => {
    let snapshot: GaugeSnapshot = {};
    try {
      if (source) snapshot = (await within(clock, GAUGES_MS_MAX, source())) ?? {};
    } catch (error) {
      log.warn('the gauges could not be read; they are absent from this scrape', {
        event: 'gauges_absent',
        error,
      });
    }
    return readGauges(snapshot, { lagSeconds: lag.readSeconds(), startedAtSeconds });
  };
  const metrics = { instruments: Object.values(instruments), gauges, clock, startedAt: clock.now() };
  const resource = resourceOf(options);
  const load = async (): Promise<Exposition> => {
    const { createExposition } = await import('./exposition.ts');
    return createExposition({ resource, ...metrics });
  };
  return {
    ...createEvents({ ...options, instruments }),
    get tracing() {
      return otlp?.tracing ?? null;
    },
    gaugeSource: (next) => void (source = next),
    get metricsReadAt() {
      return metricsReadAt;
    },
    async metricsText() {
      metricsReadAt = clock.now();
      exposition ??= load();
      return (await exposition).text();
    },
    async startExports() {
      if (!options.otlp || isShutDown) return;
      try {
        const { startOtlp } = await import('./otlp.ts');
        otlp = startOtlp({ ...options.otlp, resource, metrics, log, clock });
      } catch (error) {
        log.error('the export by OTLP could not be started; nothing is sent', {
          event: 'otlp_failed',
          error,
        });
      }
    },
    async shutdown() {
      if (isShutDown) return;
      isShutDown = true;
      lag.stop();
      // The store is closed by now.
      source = null;
      const awake = stayAwake();
      await otlp?.shutdown();
      otlp = null;
      awake.end();
      const ending = exposition?.then((loaded) => loaded.shutdown()).catch(() => undefined);
      if (ending) await within(clock, SHUTDOWN_MS_MAX, ending);
      log.flush();
    },
  };
}
