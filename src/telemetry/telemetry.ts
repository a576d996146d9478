/**
 * What the planes tell of their work: one function for each business event, metric and log line together.
 *
 * Events are counted in memory at once; OpenTelemetry's modules are loaded when somebody first asks for
 * `/metrics`, so that they delay neither the start nor a request, and nothing said before is lost.
 *
 * **Invariant**: no function here throws, waits, or fails an answer; what cannot be told is dropped and counted
 * nowhere. It never reads the store but through the gauge source, and never sees a body, a prompt or a secret.
 */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import { createEvents, type BusinessEvents } from './events.ts';
import type { Exposition, GaugeReading } from './exposition.ts';
import { createEventLoopLag, readGauges, type GaugeSnapshot } from './gauges.ts';
import { createInstruments } from './metrics.ts';
import type { Log } from './log.ts';

export interface TelemetryOptions {
  environment: string;
  version: string;
  /** Names of the configured apps; other labels that callers choose are counted as `other`. */
  knownApps: readonly string[];
  log: Log;
  clock: Clock;
}

export interface Telemetry extends BusinessEvents {
  /** Names what gives the gauges at each scrape; replaces an earlier source. */
  gaugeSource(source: () => Promise<GaugeSnapshot>): void;
  /** Gives all metrics in the Prometheus text format. Rejects only where OpenTelemetry cannot be loaded. */
  metricsText(): Promise<string>;
  /** Ends measuring within a second and writes out the log. Idempotent. */
  shutdown(): Promise<void>;
}

/** How long a scrape waits for the gauge source; without it the gauges are absent from that scrape. */
const GAUGES_MS_MAX = 2000;
const SHUTDOWN_MS_MAX = 1000;

/** Makes the telemetry of one running sidecar. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { clock, log } = options;
  const instruments = createInstruments();
  const lag = createEventLoopLag();
  let source: (() => Promise<GaugeSnapshot>) | null = null;
  let exposition: Promise<Exposition> | null = null;
  let isShutDown = false;

  const gauges = async (): Promise<readonly GaugeReading[]> => {
    let snapshot: GaugeSnapshot = {};
    try {
      if (source) snapshot = (await within(clock, GAUGES_MS_MAX, source())) ?? {};
    } catch (error) {
      log.warn('the gauges could not be read; they are absent from this scrape', { error });
    }
    return readGauges(snapshot, lag.readSeconds());
  };
  const load = async (): Promise<Exposition> => {
    const { createExposition } = await import('./exposition.ts');
    const resource = {
      'service.name': 'kling-sidecar',
      'service.version': options.version,
      environment: options.environment,
    };
    return createExposition({ resource, instruments: Object.values(instruments), gauges, clock });
  };
  return {
    ...createEvents({ instruments, knownApps: options.knownApps, log }),
    gaugeSource: (next) => void (source = next),
    async metricsText() {
      exposition ??= load();
      return (await exposition).text();
    },
    async shutdown() {
      if (isShutDown) return;
      isShutDown = true;
      lag.stop();
      const ending = exposition?.then((loaded) => loaded.shutdown()).catch(() => undefined);
      if (ending) await within(clock, SHUTDOWN_MS_MAX, ending);
      log.flush();
    },
  };
}

/** Waits for a promise at most `limitMs`; undefined where it was not settled by then. */
async function within<T>(clock: Clock, limitMs: Ms, promise: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.after(limitMs, () => resolve(undefined));
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.cancel();
  }
}
