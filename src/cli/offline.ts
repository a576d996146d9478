/**
 * The control plane's answers without a daemon: its own routes over the store, opened for reading alone.
 *
 * **Invariant**: takes no ownership and changes nothing; every order is refused as `daemon_required`. The exception is
 * {@link openOwned}, for what is imported, excluded and claimed after the fact: it owns the store while it is open, so
 * that no sidecar can run beside it, and touches no money.
 */
import { alertCommands } from '../app/alert-commands.ts';
import { priceRules } from '../app/prices.ts';
import { jobCommands } from '../app/job-commands.ts';
import { claimCommands, slaCommands } from '../app/sla-commands.ts';
import { TaskDurations } from '../asking/task-durations.ts';
import { packPricesOf } from '../claims/claims-config.ts';
import { whereOf } from '../results/results-config.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { answerEstimate, type EstimateQuestion } from '../control/answers/estimate-answer.ts';
import { createApi } from '../control/api.ts';
import type { ControlCommands } from '../control/commands.ts';
import type { EstimateAnswer } from '../control/schemas.ts';
import { createPriceOne } from '../control/price-one.ts';
import { SidecarError } from '../errors.ts';
import { openSlots } from '../ledger/open-slots.ts';
import { moneyStatus } from '../ledger/status.ts';
import { Ledger } from '../outbox/ledger.ts';
import { poolsOf } from '../pacing/slot.ts';
import { openStore } from '../store/sqlite/open-store.ts';
import { openStoreReadOnly, type ReadOnlyStore } from '../store/sqlite/read-only-store.ts';
import type { Store } from '../store/store.ts';
import type { StuckLimits } from '../tasks/stuck-limits.ts';
import { createLog } from '../telemetry/log.ts';
import { packageVersion, type Ask, type Reply } from './control-client.ts';

/** The entry of the store's reading worker. */
export const STORE_READER = new URL('../app/store-reader.ts', import.meta.url);
/** The entry of its writing worker. */
const STORE_WRITER = new URL('../app/store-writer.ts', import.meta.url);

export interface Offline {
  answer(ask: Ask): Promise<Reply>;
  /** The same as `POST /v1/estimate` without that request's limit in bytes. */
  estimate(question: Omit<EstimateQuestion, 'at'>): Promise<EstimateAnswer>;
  close(): Promise<void>;
}

/** Opens the store read-only. @throws SidecarError as {@link openStoreReadOnly} does. */
export async function openOffline(config: Config, clock: Clock): Promise<Offline> {
  const store = await openStoreReadOnly(config.store.path, { reader: STORE_READER, clock });
  return answerOver(store, config, clock);
}

/** Answers from a store that is open; closing it closes the store. */
export function answerOver(store: ReadOnlyStore, config: Config, clock: Clock): Offline {
  return answerFrom(store, offlineCommands(config, store, { clock, writer: null }), clock);
}

export interface Owned extends Offline {
  commands: ControlCommands;
}

/**
 * Opens the store as its owner, making it where there is none.
 * @throws SidecarError `store_owned` if a sidecar runs on it, else as the store's opening does.
 */
export async function openOwned(config: Config, clock: Clock): Promise<Owned> {
  const { path, requireExisting } = config.store;
  const workers = { reader: STORE_READER, writer: STORE_WRITER };
  const store = await openStore({ path, requireExisting, workers, clock });
  const commands = offlineCommands(config, store, { clock, writer: store });
  return { ...answerFrom(store, commands, clock), commands };
}

function answerFrom(store: ReadOnlyStore, commands: ControlCommands, clock: Clock): Offline {
  const api = createApi({
    commands,
    telemetry: { metricsText: needsDaemon },
    version: packageVersion(),
    log: createLog({ level: 'silent', destination: { write: () => undefined }, pretty: false, clock }),
  });
  return {
    async answer({ method, path, body }) {
      const headers = { 'content-type': 'application/json' };
      const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
      const request = new Request(`http://offline${path}`, init);
      const response = await api.fetch(request);
      return { status: response.status, body: await response.json() };
    },
    estimate: (question) => answerEstimate(store, commands.price, { ...question, at: clock.now() }),
    close: () => store.close(),
  };
}

function needsDaemon(): Promise<never> {
  return Promise.reject(
    new SidecarError('daemon_required', 'This needs a running sidecar: kling-sidecar start.'),
  );
}

/** A ledger whose facts nobody follows here: they wait in the outbox for the next start. */
function unfollowed(store: Store): Ledger {
  return new Ledger({ store, publish: () => undefined, onError: () => undefined });
}

/** Gives the ages from which tasks are stuck, as a sidecar that starts now would know them. */
async function stuckLimits({ tasks }: Config, store: ReadOnlyStore): Promise<StuckLimits> {
  const durations = new TaskDurations(() => tasks);
  if (tasks.stuckAfterMs === null) await durations.begin(store);
  return durations.limits;
}

/** Gives the holds with which a sidecar that starts now would count the slots of a pool. */
async function slotHolds(store: ReadOnlyStore, pool: string): Promise<string[]> {
  const taken = await store.read(openSlots, {});
  return taken.filter((slot) => poolsOf(slot).includes(pool)).map(({ holdId }) => holdId);
}

function offlineCommands(
  config: Config,
  store: ReadOnlyStore,
  { clock, writer }: { clock: Clock; writer: Store | null },
): ControlCommands {
  const rules = priceRules(config, clock);
  const sla = {
    clock,
    config: () => config,
    reader: store,
    writer: writer && { store: writer, ledger: unfollowed(writer) },
  };
  return {
    reader: store,
    now: () => clock.now(),
    stuck: () => stuckLimits(config, store),
    status: () => ({
      version: packageVersion(),
      mode: config.mode,
      environment: config.environment,
      upstream: config.upstream.baseUrl,
      account: null,
      uptimeSeconds: 0,
      pid: null,
      pools: [],
      breaker: { isOpen: false, failures: 0, since: null, cause: null, nextProbeAt: null },
      stops: [],
      clockOffsetMs: null,
      kling: { credentials: 'unknown', refusal: null, unreachable: null, lastAnswer: null },
      metricsReadAt: null,
      callbacks: config.callbacks && { publicUrl: config.callbacks.publicUrl },
      results: { keep: config.results.keep, ...whereOf(config.results) },
      store: store.stats(),
    }),
    queue: () => ({ at: clock.now(), waiting: [] }),
    slotHolds: (pool) => slotHolds(store, pool),
    money: (when) => store.read(moneyStatus, when),
    cash: () => ({ ...config.price, usdBudgets: config.usdBudgets }),
    // What would be used if a sidecar started: `config print` says it, with the origins.
    config: needsDaemon,
    checklist: needsDaemon,
    exhaustion: (budgets) => budgets.map(() => null),
    packPrices: () => packPricesOf(config.claims),
    readiness: () => ({ ready: false, reasons: ['no sidecar is running'] }),
    price: createPriceOne(() => rules),
    freeze: needsDaemon,
    unfreeze: needsDaemon,
    resolveHold: needsDaemon,
    raiseBudget: needsDaemon,
    acceptClock: needsDaemon,
    resetClock: needsDaemon,
    reload: needsDaemon,
    stop: needsDaemon,
    alerts: alertCommands({ clock, config: () => config, running: null }),
    sla: slaCommands(sla),
    claims: claimCommands(sla),
    jobs: jobCommands({
      reader: store,
      config: () => config,
      now: () => clock.now(),
      running: null,
    }),
  };
}
