/** What the control plane may order and ask: the running app behind the plane's interface. */
import { healthStatus } from './health.ts';
import { hostOf, stopOnOrder } from './orders.ts';
import type { KeptChecklist } from './kept-checklist.ts';
import { jobCommands } from './job-commands.ts';
import { claimCommands, slaCommands } from './sla-commands.ts';
import { packPricesOf } from '../claims/claims-config.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { AlertCommands } from '../control/alert-commands.ts';
import type { AppHost, ConfigInUse, ControlCommands, LiveStatus } from '../control/commands.ts';
import { createPriceOne } from '../control/price-one.ts';
import { raiseBudget } from '../budget/budget-table.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { freeze, unfreeze } from '../ledger/freeze.ts';
import { resolveHold } from '../ledger/resolve.ts';
import type { MoneySums } from '../ledger/money-sums.ts';
import { acceptClock as keepAccepted, resetDates, type DatesReset } from '../ledger/time.ts';
import type { Ledger } from '../outbox/ledger.ts';
import type { Breaker } from '../pacing/breaker.ts';
import type { Slots } from '../pacing/slots.ts';
import type { Stops } from '../pacing/stops.ts';
import type { AccountReader } from '../asking/account-reader.ts';
import type { ClockLook } from '../asking/clock-look.ts';
import type { TaskDurations } from '../asking/task-durations.ts';
import type { ProxySettings } from '../proxy/settings.ts';
import { extensionOfType } from '../results/media-type.ts';
import { whereOf } from '../results/results-config.ts';
import type { ResultLinks } from '../results/result-links.ts';
import type { Store } from '../store/store.ts';
import { burningBudget, type BudgetForecast } from '../telemetry/forecast.ts';
import type { ClockTrust } from '../upstream/clock-trust.ts';
import type { Upstream } from '../upstream/upstream.ts';

export interface CommandsDeps {
  version: string;
  clock: Clock;
  dated: Clock;
  clockLook: ClockLook;
  startedTick: number;
  /** The process around the app; null in the demo and in tests. */
  host: AppHost | null;
  store: Store;
  ledger: Pick<Ledger, 'run'>;
  upstream: Upstream;
  clockTrust: ClockTrust;
  slots: Slots;
  breaker: Breaker;
  stops: Stops;
  sums: MoneySums;
  durations: Pick<TaskDurations, 'limits'>;
  config: () => Config;
  configInUse: () => ConfigInUse;
  checklist: Pick<KeptChecklist, 'state'>;
  settings: () => ProxySettings;
  readiness: () => { ready: boolean; reasons: string[] };
  /** When the metrics were read last; null if nobody did. */
  metricsReadAt: () => number | null;
  alerts: AlertCommands;
  jobs: Pick<Jobs, 'running' | 'order'>;
  account: Pick<AccountReader, 'progress'>;
  /** That of the alerts and the gauges. */
  budgetForecast: BudgetForecast;
  links: Pick<ResultLinks, 'url'>;
}

/** Makes the commands of a running app. */
export function controlCommands(deps: CommandsDeps): ControlCommands {
  const { store, ledger, dated } = deps;
  const at = (): number => dated.now();
  const sla = { clock: deps.clock, config: deps.config, reader: store, writer: { store, ledger } };
  return {
    reader: store,
    now: at,
    stuck: () => deps.durations.limits,
    resultUrl: ({ contentType, ...file }) =>
      deps.links.url(file, { extension: extensionOfType(contentType), now: deps.clock.now() }),
    status: () => liveStatus(deps),
    queue: () => ({ at: deps.clock.now(), waiting: deps.slots.waiting() }),
    slotHolds: (pool) => Promise.resolve(deps.slots.holdsOf(pool)),
    money: (when) => deps.sums.read(store, when),
    cash: () => {
      const { price, usdBudgets } = deps.config();
      return { ...price, usdBudgets };
    },
    checklist: (asked) => deps.checklist.state(asked),
    config: () => Promise.resolve(deps.configInUse()),
    exhaustion: (budgets, now) => deps.budgetForecast.noteSome(budgets.map(burningBudget), now),
    packPrices: () => packPricesOf(deps.config().claims),
    readiness: deps.readiness,
    price: createPriceOne(deps.settings),
    async freeze(order) {
      await ledger.run(freeze, { ...order, at: at() });
    },
    async unfreeze(order) {
      await ledger.run(unfreeze, { ...order, at: at() });
    },
    async resolveHold(holdId, action, order) {
      const { state, credits } = await ledger.run(resolveHold, { holdId, action, ...order, at: at() });
      return { state, credits };
    },
    async raiseBudget(raise, order) {
      await store.write(raiseBudget, { ...raise, ...order, at: at() });
    },
    acceptClock: (order) => acceptClock(deps, order),
    resetClock: (order) => resetClock(deps, order),
    reload: async (order) => await hostOf(deps.host).reload(order),
    async stop(order) {
      await stopOnOrder(deps, order);
      return { pid: process.pid, drainMs: deps.config().listen.drainMs };
    },
    alerts: deps.alerts,
    sla: slaCommands(sla),
    claims: claimCommands(sla),
    jobs: jobCommands({
      reader: store,
      config: deps.config,
      now: at,
      running: { jobs: deps.jobs, store, account: deps.account },
    }),
  };
}

function liveStatus(deps: CommandsDeps): LiveStatus {
  const config = deps.config();
  return {
    version: deps.version,
    mode: config.mode,
    environment: config.environment,
    upstream: config.upstream.baseUrl,
    account: deps.upstream.line.account,
    pid: process.pid,
    uptimeSeconds: Math.floor((deps.dated.monotonic() - deps.startedTick) / 1000),
    pools: deps.slots.pools(),
    breaker: deps.breaker.state(),
    stops: deps.stops.list(),
    clockOffsetMs: deps.clockTrust.offsetMs,
    kling: healthStatus(deps.upstream.health),
    metricsReadAt: deps.metricsReadAt(),
    callbacks: config.callbacks && { publicUrl: config.callbacks.publicUrl },
    results: { keep: config.results.keep, ...whereOf(config.results) },
    store: deps.store.stats(),
  };
}

interface ClockOrder {
  actor: string;
  reason: string;
}

async function acceptClock(
  { clockTrust, clockLook, store, dated }: CommandsDeps,
  order: ClockOrder,
): Promise<{ clockOffsetMs: number | null }> {
  // The difference is that of now: after a step, what an earlier answer showed is another one.
  await clockLook.settle()?.catch(() => undefined);
  const { offsetMs } = clockTrust;
  await store.write(keepAccepted, { offsetMs, at: dated.now(), ...order });
  clockTrust.accept({ offsetMs });
  return { clockOffsetMs: offsetMs };
}

/** @throws SidecarError `clock_untrusted`, `upstream_unreachable`: what is not known to be right sets no date back. */
async function resetClock(
  { clockTrust, clockLook, store, dated }: CommandsDeps,
  order: ClockOrder,
): Promise<DatesReset & { datedFrom: number }> {
  await clockLook.settle();
  clockTrust.check();
  const at = dated.now();
  return { ...(await store.write(resetDates, { at, ...order })), datedFrom: at };
}
