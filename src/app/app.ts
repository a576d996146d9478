/**
 * The running sidecar as one value: built from a config and secrets, started, reloaded, stopped.
 *
 * The store is opened first, and while its threads open it, the code of the other parts is loaded (control plane, alerts,
 * jobs). Then interrupted work is recovered, the data plane listens, and the other parts start.
 *
 * **Invariant**: `stop` is idempotent and ends a few seconds after `listen.drainMs` at the latest, with any running job or report;
 * a create in flight is completed or left for the next start to find. `reload` never fails a request in flight: each
 * keeps the settings that it began with.
 */
import type { AppAlerts } from './alerts.ts';
import { ConfigReadings } from './config-readings.ts';
import { urlsOf, type App, type AppOptions, type AppUrls, type ReloadOutcome } from './options.ts';
import { proxySettings } from './settings.ts';
import { countInBackground } from './counting.ts';
import { noteLedgers } from './ledgers.ts';
import { beginLimits, slotOptions } from './pacing.ts';
import { buildParts } from './parts.ts';
import { readinessOf, runWhatIsDue, startParts, stopRunning, type Running } from './running.ts';
import { noteReload } from './orders.ts';
import { putInOrder } from './start.ts';
import { openAppStore } from './store.ts';
import { isSameLine, noteKey, noteUpstream, openLine, type LineSource } from './upstream.ts';
import { loadWatchers, type Watchers } from './watchers.ts';
import { applyBudgets } from '../budget/budget-table.ts';
import { noteMode } from '../calls/would-have-table.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { Config, LoadedConfig } from '../config/config.ts';
import { compareConfigs } from '../config/reload.ts';
import type { Secrets } from '../config/secrets.ts';
import type { Order } from '../control/order.ts';
import type { ControlUrls } from '../control/plane.ts';
import { SidecarError } from '../errors.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { urlOf } from '../listen.ts';
import { DataPlane } from '../proxy/data-plane.ts';
import type { ProxySettings } from '../proxy/settings.ts';
import type { Store } from '../store/store.ts';
import type { LineOptions } from '../upstream/line.ts';
import type { Log } from '../telemetry/log.ts';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts';

/** Makes an app; nothing is opened before `start`. */
export function createApp(options: AppOptions): App {
  return new Sidecar(options);
}

class Sidecar implements App {
  readonly #options: AppOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #telemetry: Telemetry;
  readonly #startedTick: number;
  readonly #readings: ConfigReadings;
  #config: Config;
  #secrets: Secrets;
  #settings: ProxySettings;
  #running: Running | null = null;
  #controlUrl: string;
  #takesWrites = true;
  #stopping: Promise<void> | null = null;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log;
    this.#readings = new ConfigReadings(options.loaded, options.secrets, this.#clock);
    this.#config = options.loaded.config;
    this.#secrets = options.secrets;
    this.#startedTick = this.#clock.monotonic();
    for (const secret of options.secrets.all) this.#log.hide(secret);
    const { exports } = this.#config.telemetry;
    this.#telemetry = createTelemetry({
      environment: this.#config.environment,
      version: options.version,
      knownApps: this.#config.apps.map((app) => app.name),
      log: this.#log,
      clock: this.#clock,
      accessLog: () => this.#config.telemetry.accessLog,
      otlp: exports && { exports, headers: options.secrets.otlpHeaders },
      price: () => this.#config.price,
    });
    const { hosts, port } = this.#config.control;
    this.#controlUrl = urlOf(hosts[0] ?? '', port);
    this.#settings = this.#makeSettings([]);
  }

  async start(): Promise<AppUrls> {
    const opening = this.#openStore();
    const watchers = loadWatchers();
    const store = await opening;
    if (this.#stopping !== null) return this.#giveUp(store);
    try {
      const running = this.#build(store);
      this.#running = running;
      await putInOrder(running, {
        config: this.#config,
        routes: this.#settings.routes,
        log: this.#log,
      });
      await this.#openCallbacks(running);
      // Before the first create: it waits for the account's spending.
      running.adoption.start();
      const data = await running.dataPlane.listen(this.#config.listen, this.#secrets.tls, () =>
        this.#renewSettings(),
      );
      await startParts(running);
      const code = await watchers;
      const alerts = this.#startAlerts(running, code);
      const jobs = this.#makeJobs(running, alerts, code);
      const control = await this.#startControl(running, code, { alerts, jobs, dataUrl: data.urls[0] ?? '' });
      jobs.start();
      await this.#telemetry.startExports();
      return urlsOf(data, control);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends a start that was waiting for the store when the stop came. @throws SidecarError `shutting_down`. */
  async #giveUp(store: Store): Promise<never> {
    await store.close();
    throw new SidecarError('shutting_down', 'The sidecar was stopped before it had started.');
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async reload(loaded: LoadedConfig, secrets: Secrets, order: Order): Promise<ReloadOutcome> {
    const change = compareConfigs(this.#readings.loaded, loaded);
    for (const secret of secrets.all) this.#log.hide(secret);
    const running = this.#running;
    const next = { config: change.config, kling: secrets.kling };
    const isSame = isSameLine({ config: this.#config, kling: this.#secrets.kling }, next);
    let isCounting = false;
    // First, since these alone can fail: then everything stays as it was.
    const line = isSame ? null : this.#openLine(next);
    if (running) {
      const at = running.dated.now();
      const applied = await running.store.write(applyBudgets, { rules: [...change.config.budgets], at });
      isCounting = applied.isPending;
      await running.store.write(noteMode, { mode: change.config.mode, at });
      if (line) await noteUpstream(line, { ...running, log: this.#log, at });
      const { environment } = change.config;
      await noteKey(line ?? running.upstream.line, { store: running.store, environment, at });
      await noteLedgers(running, change.config);
    }
    this.#readings.take(loaded, secrets);
    this.#config = change.config;
    this.#secrets = secrets;
    running?.stops.clear();
    running?.breaker.clear();
    running?.upstream.health.forget();
    this.#renewSettings();
    this.#telemetry.setKnownApps(this.#config.apps.map((app) => app.name));
    if (running) {
      if (line) {
        running.upstream.change(line);
        running.poller.startOver();
        await beginLimits(running);
        running.slotKeepers.startOver();
      }
      running.limits.applyConfig();
      running.results.applyConfig();
      running.slots.configure(slotOptions(this.#config, running.limits));
      await running.watch.applyConfig();
      running.alerts?.applyConfig();
    }
    this.#telemetry.configReloaded('ok');
    if (running && isCounting)
      await countInBackground({ store: running.store, clock: this.#clock, log: this.#log });
    const { changed, needRestart } = change;
    if (running) await noteReload(running.store, order, { changed, at: this.#clock.now() });
    return { changed, needRestart };
  }

  noteReloadFailed(): void {
    this.#telemetry.configReloaded('failed');
  }

  async runDue(): Promise<void> {
    if (this.#running) await runWhatIsDue(this.#running);
  }

  #openStore(): Promise<Store> {
    return openAppStore({
      config: this.#config.store,
      loaded: this.#options.storeThreads,
      clock: this.#clock,
      log: this.#log,
      telemetry: this.#telemetry,
      onFatal: (error) => this.#options.onFatal?.(error),
      onBatch: (isTaken) => void (this.#takesWrites = isTaken),
    });
  }

  #build(store: Store): Running {
    const parts = buildParts({
      store,
      clock: this.#clock,
      log: this.#log,
      telemetry: this.#telemetry,
      config: () => this.#config,
      line: this.#openLine({ config: this.#config, kling: this.#secrets.kling }),
      routes: () => this.#settings.routes,
      secrets: () => this.#secrets,
      controlUrl: () => this.#controlUrl,
      instance: this.#options.instance ?? null,
      onFacts: (facts) => this.#running?.callbacks?.follow(facts),
    });
    const dataPlane = new DataPlane({
      ...parts,
      clock: this.#clock,
      telemetry: this.#telemetry,
      checkStore: () => parts.storeWatch.check(),
      owner: () => parts.instance.owner,
      onError: (message, error) => this.#log.error(message, { event: 'background_failed', error }),
      settings: () => this.#settings,
      random: Math.random,
    });
    return { ...parts, dataPlane, callbacks: null, control: null, jobs: null, alerts: null };
  }

  /** Listens for callbacks, if they are configured; their code is loaded only then. */
  async #openCallbacks(running: Running): Promise<void> {
    const config = this.#config.callbacks;
    if (config === null) return;
    const { openCallbacks } = await import('./callbacks.ts');
    running.callbacks = await openCallbacks({
      ...running,
      config,
      clock: running.dated,
      routes: () => this.#settings.routes,
      secrets: () => this.#secrets.callbacks,
      telemetry: this.#telemetry,
      onError: (message, error) => this.#log.warn(message, { event: 'background_failed', error }),
    });
    this.#renewSettings();
  }

  #startAlerts(running: Running, { AppAlerts }: Watchers): AppAlerts {
    const alerts = new AppAlerts({
      ...running,
      clock: this.#clock,
      log: this.#log,
      telemetry: this.#telemetry,
      config: () => this.#config,
      secrets: () => this.#secrets.channels,
      isStoreWritable: () => this.#takesWrites,
    });
    running.alerts = alerts;
    running.delivery.add(alerts.receiver);
    alerts.start();
    return alerts;
  }

  async #startControl(
    running: Running,
    { createAppControl }: Watchers,
    parts: { alerts: AppAlerts; jobs: Jobs; dataUrl: string },
  ): Promise<ControlUrls> {
    running.control = createAppControl({
      ...parts,
      running,
      token: this.#secrets.controlToken,
      clock: this.#clock,
      config: () => this.#config,
      configInUse: () => this.#readings.inUse(),
      settings: () => this.#settings,
      version: this.#options.version,
      startedTick: this.#startedTick,
      host: this.#options.host ?? null,
      judge: this.#options.judge ?? null,
      readiness: () => readinessOf(running, this.#takesWrites),
      isStoreWritable: () => this.#takesWrites,
      telemetry: this.#telemetry,
      log: this.#log,
    });
    const urls = await running.control.start();
    this.#controlUrl = urls.url;
    this.#renewSettings();
    return urls;
  }

  /** Makes the schedule; the caller starts it. */
  #makeJobs(running: Running, alerts: AppAlerts, { createAppJobs }: Watchers): Jobs {
    const jobs = createAppJobs({
      ...running,
      alerts,
      log: this.#log,
      config: () => this.#config,
      onRun: this.#telemetry.jobRan,
    });
    running.jobs = jobs;
    this.#telemetry.setJobs(jobs.names);
    return jobs;
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    await stopRunning(running, { clock: this.#clock, drainMs: this.#config.listen.drainMs });
    await this.#telemetry.shutdown();
  }

  #renewSettings(): void {
    this.#settings = this.#makeSettings(this.#running?.dataPlane.ports ?? []);
  }

  #makeSettings(ports: readonly number[]): ProxySettings {
    return proxySettings(this.#config, this.#secrets, {
      ports,
      controlUrl: this.#controlUrl,
      clock: this.#clock,
      callbacks: this.#running?.callbacks?.settings ?? null,
    });
  }

  #openLine(source: LineSource): LineOptions {
    return openLine(source, {
      clock: this.#clock,
      onRefresh: ({ ok }) => this.#telemetry.tokenRefreshed(ok ? 'ok' : 'failed'),
    });
  }
}
