/**
 * The running sidecar as one value: built from a config and secrets, started, reloaded, stopped.
 *
 * The store is opened first, what was cut off is put in order, then the data plane listens; whatever only watches
 * (control plane, jobs) follows, so that its imports do not delay the first request.
 *
 * **Invariant**: `stop` is idempotent and bounded by `listen.drainMs`; a create in flight is seen to its end or left for the
 * next start to find. `reload` never fails a request in flight: each keeps the settings that it began with.
 */
import type { Server } from 'node:http';
import type { Dispatcher } from 'undici';
import { controlCommands } from './app-commands.ts';
import { proxySettings } from './app-settings.ts';
import { readGaugeSnapshot } from './app-gauges.ts';
import { applyBudgets } from './budget/budget-table.ts';
import type { CallRecord } from './calls/call.ts';
import { recordCalls, recordRefusals } from './calls/call-table.ts';
import { purgeOld } from './calls/retention.ts';
import { systemClock, type Clock } from './clock.ts';
import type { Config, LoadedConfig } from './config/config.ts';
import { compareConfigs } from './config/reload.ts';
import type { Secrets } from './config/secrets.ts';
import type { ControlPlane } from './control/plane.ts';
import type { SidecarError } from './errors.ts';
import type { Fact } from './facts.ts';
import { jobLastRun, noteJobRun } from './jobs-table.ts';
import type { Jobs } from './jobs.ts';
import { regionHint } from './kling/codes.ts';
import { createTokenSource, type TokenSource } from './kling/token.ts';
import { observeTasks } from './ledger/observe.ts';
import { openSlots } from './ledger/open-slots.ts';
import { recoverHolds } from './ledger/recover.ts';
import { Slots } from './pacing/slots.ts';
import { Doubts } from './polling/doubt.ts';
import { Poller } from './polling/poller.ts';
import { AccountRefusals } from './proxy/account-refusals.ts';
import { Closing } from './proxy/closing.ts';
import { handleRequest, type DataPlaneDeps } from './proxy/data-plane.ts';
import { Injection } from './proxy/injection.ts';
import { createListener, listen } from './proxy/listener.ts';
import type { ProxySettings } from './proxy/settings.ts';
import { openStore } from './store/open-store.ts';
import type { Store } from './store/store.ts';
import type { TaskSighting } from './tasks/task.ts';
import type { Log } from './telemetry/log.ts';
import { createTelemetry, type Telemetry } from './telemetry/telemetry.ts';
import { ClockTrust } from './upstream/clock-trust.ts';
import { openPool } from './upstream/pool.ts';
import { Upstream } from './upstream/upstream.ts';

const DAY_MS = 86_400_000;
/** Task states seen lately: an app that polls tells the same thing again and again. */
const SEEN_TASKS_MAX = 10_000;

export interface AppOptions {
  loaded: LoadedConfig;
  secrets: Secrets;
  version: string;
  log: Log;
  clock?: Clock;
  /** Told when the store fails for good: the process should end. */
  onFatal?: (error: SidecarError) => void;
}

export interface AppUrls {
  data: string;
  dataTls: string | null;
  control: string;
  probes: string | null;
}

export interface App {
  /** @throws SidecarError of the store, or an error of a listener whose address is taken. */
  start(): Promise<AppUrls>;
  stop(): Promise<void>;
  /** Takes a config and secrets that were read again; listeners and the store's path stay. */
  reload(loaded: LoadedConfig, secrets: Secrets): Promise<{ changed: string[]; needRestart: string[] }>;
  /** Asks at once for all that is due: open tasks, look-ups, jobs. For tests and the demo. */
  runDue(): Promise<void>;
}

/** Makes an app; nothing is opened before `start`. */
export function createApp(options: AppOptions): App {
  return new Sidecar(options);
}

/** What exists between start and stop. */
interface Running {
  store: Store;
  pool: Dispatcher;
  upstream: Upstream;
  slots: Slots;
  doubts: Doubts;
  poller: Poller;
  closing: Closing;
  servers: Server[];
  ports: number[];
  control: ControlPlane | null;
  jobs: Jobs | null;
}

class Sidecar implements App {
  readonly #options: AppOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #telemetry: Telemetry;
  readonly #startedTick: number;
  readonly #wouldHave = new Map<string, number>();
  readonly #seen = new Map<string, string>();
  readonly #accountRefusals: AccountRefusals;
  #loaded: LoadedConfig;
  #config: Config;
  #secrets: Secrets;
  #settings: ProxySettings;
  #tokens: TokenSource;
  #running: Running | null = null;
  #isDraining = false;
  #inFlight = 0;
  #onIdle: () => void = () => {};
  #stopping: Promise<void> | null = null;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log;
    this.#loaded = options.loaded;
    this.#config = options.loaded.config;
    this.#secrets = options.secrets;
    this.#startedTick = this.#clock.monotonic();
    this.#accountRefusals = new AccountRefusals(this.#clock);
    for (const secret of options.secrets.all) this.#log.hide(secret);
    this.#telemetry = createTelemetry({
      environment: this.#config.environment,
      version: options.version,
      knownApps: this.#config.apps.map((app) => app.name),
      log: this.#log,
      clock: this.#clock,
    });
    this.#tokens = this.#tokenSource();
    this.#settings = this.#makeSettings([]);
  }

  async start(): Promise<AppUrls> {
    const store = await this.#openStore();
    try {
      const running = this.#build(store);
      this.#running = running;
      await this.#putInOrder(running);
      const urls = await this.#listen(running);
      running.doubts.start();
      if (this.#config.tasks.poll) running.poller.start();
      const [control, probes] = await this.#startControl(running);
      await this.#startJobs(running);
      return { ...urls, control, probes };
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async reload(
    loaded: LoadedConfig,
    secrets: Secrets,
  ): Promise<{ changed: string[]; needRestart: string[] }> {
    const change = compareConfigs(this.#loaded, loaded);
    for (const secret of secrets.all) this.#log.hide(secret);
    this.#loaded = loaded;
    this.#config = change.config;
    this.#secrets = secrets;
    this.#tokens = this.#tokenSource();
    const running = this.#running;
    this.#settings = this.#makeSettings(running?.ports ?? []);
    this.#telemetry.setKnownApps(this.#config.apps.map((app) => app.name));
    if (running) {
      running.slots.configure(this.#slotLimits());
      await running.store.write(applyBudgets, { rules: [...this.#config.budgets], at: this.#clock.now() });
    }
    return { changed: change.changed, needRestart: change.needRestart };
  }

  async runDue(): Promise<void> {
    await this.#running?.doubts.runDue();
    await this.#running?.poller.runDue();
    await this.#running?.jobs?.runDue(this.#clock.now());
  }

  #openStore(): Promise<Store> {
    const { path, requireExisting, waitForOwnerMs } = this.#config.store;
    return openStore({
      path,
      requireExisting,
      waitForOwnerMs,
      clock: this.#clock,
      workers: {
        writer: new URL('./store-writer.ts', import.meta.url),
        reader: new URL('./store-reader.ts', import.meta.url),
      },
      log: (level, message, fields) => this.#log[level](message, fields),
      onCommit: (commit) => this.#telemetry.storeCommitted(commit),
      onCommitFailed: ({ operations, message }) =>
        this.#log.error('a batch was not committed', { operations, message }),
      onLaterFailed: (operation, error) => {
        if (operation === recordCalls.name) this.#telemetry.readUnrecorded(1);
        this.#log.warn('a record was lost', { operation, error });
      },
      onFailure: (error) => {
        this.#log.error('the store failed for good', { error });
        this.#options.onFatal?.(error);
      },
    });
  }

  #build(store: Store): Running {
    const { upstream: upstreamConfig } = this.#config;
    const clock = this.#clock;
    const pool = openPool(upstreamConfig);
    const tokens = currentTokens(() => this.#tokens);
    const host = new URL(upstreamConfig.baseUrl).host;
    const upstream = new Upstream({ pool, host, clock, tokens, timeoutMs: upstreamConfig.timeoutMs });
    const slots = new Slots(this.#slotLimits(), clock);
    const publish = (facts: Fact[]): void => this.#publish(facts, slots);
    const onError = (message: string, error: unknown): void => this.#log.error(message, { error });
    const asking = {
      store,
      upstream,
      clock,
      publish,
      onError,
      routes: () => this.#settings.routes,
      price: () => this.#config.price,
      credentials: () => this.#secrets.kling.kind,
      journal: (call: CallRecord) => {
        store.later(recordCalls, [call]);
        this.#telemetry.callEnded(call);
      },
    };
    const doubts = new Doubts(asking);
    upstream.onRecovery = () => void doubts.hurry();
    const poller = new Poller({ ...asking, intervalMs: () => this.#config.tasks.pollIntervalMs });
    const closing = new Closing({ store, clock, publish, onError });
    return {
      ...{ store, pool, upstream, slots, doubts, poller, closing },
      ...{ servers: [], ports: [], control: null, jobs: null },
    };
  }

  /** Applies the budgets, finds what an earlier run left open, and takes the slots that its tasks still have. */
  async #putInOrder({ store, slots }: Running): Promise<void> {
    const at = this.#clock.now();
    await store.write(applyBudgets, { rules: [...this.#config.budgets], at });
    const { recovered, due, facts } = await store.write(recoverHolds, { at });
    this.#publish(facts, slots);
    if (due > 0)
      this.#log.warn('creates of an earlier run are in doubt and will be looked up', { recovered, due });
    for (const slot of await store.read(openSlots, {})) slots.occupy(slot.holdId, slot);
  }

  async #listen(running: Running): Promise<Pick<AppUrls, 'data' | 'dataTls'>> {
    const { host, port, tls } = this.#config.listen;
    const deps = this.#dataPlane(running);
    const handle: Parameters<typeof createListener>[0] = (request, response) => {
      this.#inFlight += 1;
      void handleRequest(deps, request, response).finally(() => {
        this.#inFlight -= 1;
        if (this.#inFlight === 0) this.#onIdle();
      });
    };
    const open = async (server: Server, wanted: number): Promise<number> => {
      running.servers.push(server);
      const got = await listen(server, host, wanted);
      running.ports.push(got);
      this.#settings = this.#makeSettings(running.ports);
      return got;
    };
    const shown = host.includes(':') ? `[${host}]` : host;
    const data = `http://${shown}:${await open(createListener(handle, null), port)}`;
    if (tls === null) return { data, dataTls: null };
    const dataTls = `https://${shown}:${await open(createListener(handle, this.#secrets.tls), tls.port)}`;
    return { data, dataTls };
  }

  #dataPlane({ store, upstream, slots, doubts, closing }: Running): DataPlaneDeps {
    const telemetry = this.#telemetry;
    const clockTrust = this.#clockTrust(upstream);
    return {
      ...{ clock: this.#clock, store, upstream, slots, doubts, closing, telemetry },
      injection: new Injection(),
      accountRefusals: this.#accountRefusals,
      publish: (facts) => this.#publish(facts, slots),
      checkClock: () => clockTrust.check(),
      noteVerdict: (create, { end, info, message }) => {
        const { product } = create.route;
        const model = create.labels?.model ?? null;
        if (end.kind === 'task') this.#accountRefusals.forget(product, model);
        if (info?.accountWide) this.#accountRefusals.note(product, model, info, message);
        if (info?.status === 429) telemetry.throttled(info.code);
        const hint = regionHint(info?.code ?? null, upstream.host);
        if (hint !== null) this.#log.warn(hint);
      },
      settings: () => this.#settings,
      isDraining: () => this.#isDraining,
      journal: (call) => store.later(recordCalls, [call]),
      observe: (sightings) => void this.#observe(store, slots, sightings),
      recordRefusal: (refusal) => {
        if (refusal.wouldOnly) {
          this.#wouldHave.set(refusal.word, (this.#wouldHave.get(refusal.word) ?? 0) + 1);
        }
        store.later(recordRefusals, [refusal]);
      },
    };
  }

  #trust: ClockTrust | null = null;

  #clockTrust(upstream: Upstream): ClockTrust {
    this.#trust ??= new ClockTrust(() => upstream.clockOffsetMs);
    return this.#trust;
  }

  /** Hands what apps' own reads show to the ledger, each state of a task once. */
  async #observe(store: Store, slots: Slots, sightings: TaskSighting[]): Promise<void> {
    const fresh = sightings.filter((sighting) => this.#isNew(sighting));
    if (fresh.length === 0) return;
    try {
      const at = this.#clock.now();
      const { facts } = await store.write(observeTasks, { sightings: fresh, source: 'app_read', at });
      this.#publish(facts, slots);
    } catch (error) {
      for (const sighting of fresh) this.#seen.delete(sighting.taskId);
      this.#log.warn('what a read showed could not be recorded; the poller will see it', { error });
    }
  }

  #isNew(sighting: TaskSighting): boolean {
    const state = `${sighting.state} ${sighting.deduction?.credits ?? ''}`;
    if (this.#seen.get(sighting.taskId) === state) return false;
    if (this.#seen.size >= SEEN_TASKS_MAX) this.#seen.clear();
    this.#seen.set(sighting.taskId, state);
    return true;
  }

  #publish(facts: readonly Fact[], slots: Slots): void {
    if (facts.length === 0) return;
    this.#telemetry.facts(facts);
    for (const fact of facts) if (fact.kind === 'hold_resolved') slots.free(fact.holdId);
  }

  async #startControl(running: Running): Promise<[string, string | null]> {
    const { createControlPlane } = await import('./control/plane.ts');
    const { config, settings } = { config: () => this.#config, settings: () => this.#settings };
    const { store, upstream, slots } = running;
    this.#telemetry.gaugeSource(() => readGaugeSnapshot(store, slots, this.#clock, config()));
    running.control = createControlPlane({
      host: this.#config.control.host,
      port: this.#config.control.port,
      allowedHosts: this.#config.control.allowedHosts,
      token: this.#secrets.controlToken,
      requireTokenForReads: !isLoopback(this.#config.control.host),
      commands: controlCommands({
        ...{ store, upstream, slots, config, settings, clock: this.#clock, wouldHave: this.#wouldHave },
        version: this.#options.version,
        startedTick: this.#startedTick,
        clockTrust: this.#clockTrust(upstream),
        readiness: () => this.#readiness(running),
        publish: (facts) => this.#publish(facts, slots),
      }),
      telemetry: this.#telemetry,
      probes: this.#config.probes,
      version: this.#options.version,
      log: this.#log,
      clock: this.#clock,
    });
    const { url, probesUrl } = await running.control.start();
    return [url, probesUrl];
  }

  #readiness({ closing }: Running): { ready: boolean; reasons: string[] } {
    const reasons: string[] = [];
    if (this.#isDraining) reasons.push('draining');
    if (closing.pending > 0) reasons.push('the store takes no writes');
    return { ready: reasons.length === 0, reasons };
  }

  async #startJobs(running: Running): Promise<void> {
    const { Jobs } = await import('./jobs.ts');
    const { store } = running;
    const { callRetentionDays, promptRetentionDays } = this.#config.store;
    const retention = async (at: number): Promise<void> => {
      const purged = await store.write(purgeOld, { at, callRetentionDays, promptRetentionDays });
      this.#log.info('old records dropped', { ...purged });
    };
    running.jobs = new Jobs([{ name: 'retention', periodMs: DAY_MS, run: retention }], {
      clock: this.#clock,
      lastRun: (name) => store.read(jobLastRun, { name }),
      noteRun: (name, at) => store.write(noteJobRun, { name, at }),
      onError: (message, error) => this.#log.error(message, { error }),
    });
    running.jobs.start();
  }

  async #stop(): Promise<void> {
    this.#isDraining = true;
    const running = this.#running;
    if (!running) return;
    running.slots.close();
    for (const server of running.servers) server.close();
    for (const server of running.servers) server.closeIdleConnections();
    await this.#drained();
    await Promise.all([running.doubts.stop(), running.poller.stop(), running.jobs?.stop()]);
    running.closing.stop();
    for (const server of running.servers) server.closeAllConnections();
    await running.control?.stop();
    await running.pool.destroy();
    await running.store.close();
    await this.#telemetry.shutdown();
  }

  /** Waits until no request is in flight, at most `listen.drainMs`. */
  #drained(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(this.#config.listen.drainMs, resolve);
      this.#onIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #makeSettings(ports: readonly number[]): ProxySettings {
    return proxySettings(this.#config, this.#secrets, { ports, clock: this.#clock });
  }

  #slotLimits(): ConstructorParameters<typeof Slots>[0] {
    const { concurrency, requestsPerMinute, queueWaitMsMax, queueLengthMax } = this.#config.limits;
    return this.#config.mode === 'observe'
      ? { concurrency: {}, requestsPerMinute: null, queueWaitMsMax: 0, queueLengthMax: 0 }
      : { concurrency, requestsPerMinute, queueWaitMsMax, queueLengthMax };
  }

  #tokenSource(): TokenSource {
    return createTokenSource({
      credentials: this.#secrets.kling,
      clock: this.#clock,
      onRefresh: ({ ok }) => this.#telemetry.tokenRefreshed(ok ? 'ok' : 'failed'),
    });
  }
}

/** A token source that is always the latest one: a reload changes the key between two requests. */
function currentTokens(latest: () => TokenSource): TokenSource {
  return {
    get kind() {
      return latest().kind;
    },
    authorization: () => latest().authorization(),
    resign: () => latest().resign(),
    setClockOffset: (offsetMs) => latest().setClockOffset(offsetMs),
    supports: (generation) => latest().supports(generation),
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}
