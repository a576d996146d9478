/** The values of the gauges when somebody scrapes: from the store, and from what the process keeps. */
import { packOutlook } from '../account/pack-outlook.ts';
import { countAlerts, type AlertCounts } from '../alerts/alert-counts.ts';
import { CONFIGURED_RULES } from '../alerts/rules-config.ts';
import type { AlertSettings } from '../alerts/settings.ts';
import { listBudgets, type BudgetRow } from '../budget/budget-table.ts';
import type { TaskDurations } from '../asking/task-durations.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { ACCOUNT_CODES } from '../ledger/account-refusals.ts';
import type { MoneySums } from '../ledger/money-sums.ts';
import type { KeptResults } from '../results/kept-results.ts';
import { outboxBacklog } from '../outbox/outbox-table.ts';
import type { Breaker } from '../pacing/breaker.ts';
import type { Slots } from '../pacing/slots.ts';
import type { Stops, StopState } from '../pacing/stops.ts';
import { listExclusions } from '../sla/exclusion-table.ts';
import { readMonthGauges, readWindow } from '../sla/month-table.ts';
import { monthQuestion } from '../sla/month-question.ts';
import { addMonths, monthOf } from '../sla/period.ts';
import { WINDOW_MS, windowStart } from '../sla/window.ts';
import type { Store } from '../store/store.ts';
import { unsavedFiles } from '../tasks/delivery-table.ts';
import type { GaugeSnapshot } from '../telemetry/gauges.ts';
import { burningBudget, type BudgetForecast } from '../telemetry/forecast.ts';
import { MILLI_CREDITS_PER_UNIT, type Ms } from '../units.ts';
import type { ClockTrust } from '../upstream/clock-trust.ts';
import type { Upstream } from '../upstream/upstream.ts';

export interface GaugeDeps {
  store: Store;
  slots: Slots;
  stops: Pick<Stops, 'list'>;
  breaker: Pick<Breaker, 'isOpen'>;
  sums: MoneySums;
  durations: Pick<TaskDurations, 'limits'>;
  results: { keeper: Pick<KeptResults, 'use'> };
  upstream: Pick<Upstream, 'connections'>;
  clockTrust: Pick<ClockTrust, 'offsetMs'>;
  clock: Clock;
  /** Gives the instant by which money is dated. */
  datedAt: () => Ms;
  config: () => Config;
  isStoreWritable: () => boolean;
  /** That of the alerts, too. */
  forecast: BudgetForecast;
}

/** Makes the function that reads a snapshot of the gauges. */
export function gaugeSource(deps: GaugeDeps): () => Promise<GaugeSnapshot> {
  return async () => {
    const at = deps.clock.now();
    const datedAt = deps.datedAt();
    const [fromStore, kept, sla, packs, { budgets }] = await Promise.all([
      storeGauges(deps, at),
      resultGauges(deps, at),
      keptMonths(deps.store, deps.clock, deps.config()),
      packGauges(deps.store, at),
      deps.store.read(listBudgets, { at: datedAt, isSummary: true }),
    ]);
    return {
      ...fromStore,
      ...kept,
      ...engineGauges(deps),
      sla,
      packs,
      budgets: burning(deps.forecast, budgets, datedAt),
    };
  };
}

/** Nothing is read while results are not kept. */
async function resultGauges(
  { store, results, config }: GaugeDeps,
  at: Ms,
): Promise<Pick<GaugeSnapshot, 'results'>> {
  if (!config().results.keep) return {};
  const { files } = await store.read(unsavedFiles, { before: at });
  return { results: { unsaved: files, savedBytes: results.keeper.use.savedBytes } };
}

function burning(forecast: BudgetForecast, rows: BudgetRow[], at: Ms): NonNullable<GaugeSnapshot['budgets']> {
  const seconds = forecast.noteSome(rows.map(burningBudget), at);
  return rows.map((row, index) => ({ ...row, budget: row.name, exhaustionSeconds: seconds[index] ?? null }));
}

function engineGauges(deps: GaugeDeps): GaugeSnapshot {
  const { store, upstream, clockTrust, stops, breaker, config, isStoreWritable } = deps;
  const { bytes, walBytes, queues } = store.stats();
  const { perCredit, currency } = config().price;
  return {
    pools: poolGauges(deps),
    isBreakerOpen: breaker.isOpen,
    stops: stopGauges(stops.list()),
    connections: upstream.connections,
    clockOffsetMs: clockTrust.offsetMs,
    storeBytes: bytes,
    walBytes,
    storeQueues: queues,
    isStoreWritable: isStoreWritable(),
    price: { perCredit, currency },
  };
}

function poolGauges({ slots, clock }: GaugeDeps): NonNullable<GaugeSnapshot['pools']> {
  const now = clock.now();
  const oldest = new Map<string, Ms>();
  for (const { pool, since } of slots.waiting())
    oldest.set(pool, Math.min(since, oldest.get(pool) ?? Infinity));
  return slots.pools().map(({ pausedUntil, ...pool }) => ({
    ...pool,
    oldestSeconds: Math.max(0, now - (oldest.get(pool.name) ?? now)) / 1000,
    pausedSeconds: Math.max(0, (pausedUntil ?? now) - now) / 1000,
  }));
}

/** Counts the stops by their code; a code without one is 0. */
function stopGauges(stops: readonly StopState[]): NonNullable<GaugeSnapshot['stops']> {
  return ACCOUNT_CODES.map((code) => ({
    code,
    count: stops.filter((stop) => stop.code === code).length,
  }));
}

/** Gives what is known of the packs that can still be used, by Kling's own lists and deductions. */
async function packGauges(store: Store, at: Ms): Promise<NonNullable<GaugeSnapshot['packs']>> {
  const { packs } = await store.read(packOutlook, { at });
  return packs.map(({ name, product, remaining, invalidAt, perDay }) => {
    const perUnit = MILLI_CREDITS_PER_UNIT[product] / 1000;
    return {
      pack: name,
      remainingCredits: remaining === null ? null : (remaining / MILLION) * perUnit,
      expiresAtSeconds: invalidAt / 1000,
      daysLeft: remaining === null || perDay <= 0 ? null : remaining / perDay,
    };
  });
}

const MILLION = 1_000_000;

async function storeGauges({ store, sums, durations, config }: GaugeDeps, at: Ms): Promise<GaugeSnapshot> {
  const [slaWindow, money, outbox, exclusions, alerts] = await Promise.all([
    store.read(readWindow, { windowStart: windowStart(at) - WINDOW_MS }),
    sums.read(store, { at, stuck: durations.limits }),
    store.read(outboxBacklog, undefined),
    store.read(listExclusions, undefined),
    store.read(countAlerts, {}),
  ]);
  const age = (since: Ms | null): number | null => (since === null ? null : Math.max(0, at - since) / 1000);
  return {
    isFrozen: money.frozen !== null,
    doubts: { count: money.inDoubtHolds, oldestSeconds: age(money.oldestDoubtSince) },
    outbox: outbox.map(({ receiver, waiting, oldestAt }) => ({
      receiver,
      waiting,
      oldestSeconds: age(oldestAt),
    })),
    ...alertGauges(alerts, config().alerts.settings, age),
    isExcludedNow: exclusions.some(({ start, end }) => start <= at && at < end),
    tasks: money.openTasks.map(({ product, state, tasks }) => ({ product, state, count: tasks })),
    stuckTasks: money.openTasks.map(({ product, state, stuck }) => ({ product, state, count: stuck })),
    slaWindow: { requests: slaWindow.valid, errors: slaWindow.errors },
  };
}

/** Names every rule and channel of the config, so that their series are there from the start. */
function alertGauges(
  { firing, waiting }: AlertCounts,
  { rules, channels }: AlertSettings,
  age: (since: Ms) => number | null,
): Pick<GaugeSnapshot, 'alertsFiring' | 'alertsWaiting'> {
  const isFiring = new Set(firing.map(({ rule, severity }) => `${rule}/${severity}`));
  const calm = CONFIGURED_RULES.map((rule) => ({ rule, severity: rules[rule].severity, count: 0 }));
  const byChannel = new Map(waiting.map((row) => [row.channel, row]));
  return {
    alertsFiring: [...firing, ...calm.filter(({ rule, severity }) => !isFiring.has(`${rule}/${severity}`))],
    alertsWaiting: channels.map((channel) => {
      const { events = 0, oldestAt = null } = byChannel.get(channel) ?? {};
      return { channel, waiting: events, oldestSeconds: oldestAt === null ? 0 : (age(oldestAt) ?? 0) };
    }),
  };
}

type SlaRows = NonNullable<GaugeSnapshot['sla']>;

/** How long a month's gauges are shown again: measuring a month full of traffic takes a tenth of a second. */
const MONTHS_KEPT_MS: Ms = 60_000;
const kept = new WeakMap<Store, { untilTick: Ms; rows: Promise<SlaRows> }>();

function keptMonths(store: Store, clock: Clock, config: Config): Promise<SlaRows> {
  const last = kept.get(store);
  if (last && clock.monotonic() < last.untilTick) return last.rows;
  const rows = months(store, config, clock.now());
  kept.set(store, { untilTick: clock.monotonic() + MONTHS_KEPT_MS, rows });
  rows.catch(() => kept.delete(store));
  return rows;
}

async function months(store: Store, config: Config, at: Ms): Promise<SlaRows> {
  const present = monthOf(at, config.sla.timeZone);
  const wanted = [
    { month: 'current', name: present },
    { month: 'previous', name: addMonths(present, -1) },
  ] as const;
  const rows = await Promise.all(
    wanted.map(async ({ month, name }) => {
      const readings = await store.read(readMonthGauges, monthQuestion(config, name, at));
      return readings.flatMap(({ availability, ...rest }) =>
        availability === null ? [] : [{ month, availability, ...rest }],
      );
    }),
  );
  return rows.flat();
}
