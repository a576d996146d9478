/** Turns a snapshot of the gauges' sources into values, and measures the event loop's lag. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { memoryUsage } from 'node:process';
import { PER_ROWS_MAX } from '../budget/budget-table.ts';
import { toCredits, type MilliCredits, type Ms, type Product } from '../units.ts';
import type { TaskState } from '../words.ts';
import { GAUGES } from './gauge-shapes.ts';
import type { GaugeReading } from './metric-producer.ts';

/** How often the event loop is sampled; a shorter lag may be missed. */
const SAMPLE_MS = 100;

/** The values of the gauges at one moment; unknown ones are left out. */
export interface GaugeSnapshot {
  budgets?: readonly {
    budget: string;
    /** The app or tag of this row, if the budget is per app or tag. */
    perValue?: string | null;
    limitCredits: MilliCredits;
    settledCredits: MilliCredits;
    heldCredits: MilliCredits;
    /** Seconds until its limit at the present burn; null if its window ends first. */
    exhaustionSeconds?: number | null;
  }[];
  /** The price of a credit, for the gauges in money. */
  price?: { perCredit: number; currency: string };
  isFrozen?: boolean;
  doubts?: { count: number; oldestSeconds: number | null };
  packs?: readonly {
    pack: string;
    remainingCredits: number | null;
    expiresAtSeconds: number;
    daysLeft: number | null;
  }[];
  tasks?: readonly { product: Product; state: TaskState; count: number }[];
  stuckTasks?: readonly { product: Product; state: TaskState; count: number }[];
  /** Left out while results are not kept. */
  results?: { unsaved: number; savedBytes: number };
  pools?: readonly PoolGauges[];
  isBreakerOpen?: boolean;
  /** Every code that begins a stop, also without one. */
  stops?: readonly { code: number; count: number }[];
  storeBytes?: number;
  walBytes?: number;
  isStoreWritable?: boolean;
  storeQueues?: readonly { queue: string; length: number }[];
  connections?: readonly { lane: string; inUse: number; waiting: number }[];
  clockOffsetMs?: Ms | null;
  outbox?: readonly { receiver: string; waiting: number; oldestSeconds: number | null }[];
  /** Every rule by its severity, also if it does not fire. */
  alertsFiring?: readonly { rule: string; severity: string; count: number }[];
  /** Every channel; the age is 0 if nothing waits. */
  alertsWaiting?: readonly { channel: string; waiting: number; oldestSeconds: number }[];
  /** One row a month and reading. */
  sla?: readonly {
    month: 'current' | 'previous';
    reading: string;
    availability: number;
    usedWindows: number;
  }[];
  slaWindow?: { requests: number; errors: number };
  isExcludedNow?: boolean;
}

/** A pool at one moment. */
export interface PoolGauges {
  name: string;
  inUse: number;
  /** Of tasks that are not ours. */
  elsewhere: number;
  /** Null for a pool without one. */
  limit: number | null;
  source: string | null;
  queued: number;
  /** The longest wait of a create that waits now; 0 without any. */
  oldestSeconds: number;
  /** Until it sends again; 0 while it sends. */
  pausedSeconds: number;
}

export interface EventLoopLag {
  /** The 99th percentile of the lag since the last call, in seconds; unchanged without new samples. */
  readSeconds(): number;
  stop(): void;
}

/** Begins to measure how late the event loop runs its timers. */
export function createEventLoopLag(): EventLoopLag {
  const delays = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  delays.enable();
  let lagMs = 0;
  return {
    readSeconds() {
      if (delays.count > 0) {
        // Node records the time between two samples, including the period itself.
        lagMs = Math.max(0, delays.percentile(99) / 1e6 - SAMPLE_MS);
        delays.reset();
      }
      return lagMs / 1000;
    },
    stop: () => void delays.disable(),
  };
}

/** Gives the values of each gauge; a gauge without values is left out. */
export function readGauges(
  snapshot: GaugeSnapshot,
  process: { lagSeconds: number; startedAtSeconds: number },
): GaugeReading[] {
  const budgets = boundedRows(snapshot.budgets ?? []);
  return [
    ...costGauges(budgets, snapshot.price),
    ...moneyGauges(snapshot, budgets),
    ...engineGauges(snapshot),
    ...alertGauges(snapshot),
    ...processGauges(process.startedAtSeconds),
    {
      gauge: GAUGES.budgetLimit,
      points: budgets.map((row) => ({ labels: [labelOf(row)], value: toCredits(row.limitCredits) })),
    },
    {
      gauge: GAUGES.budgetSettled,
      points: budgets.map((row) => ({ labels: [labelOf(row)], value: toCredits(row.settledCredits) })),
    },
    {
      gauge: GAUGES.budgetHeld,
      points: budgets.map((row) => ({ labels: [labelOf(row)], value: toCredits(row.heldCredits) })),
    },
    { gauge: GAUGES.tasks, points: countsOf(snapshot.tasks) },
    { gauge: GAUGES.tasksStuck, points: countsOf(snapshot.stuckTasks) },
    { gauge: GAUGES.resultsUnsaved, points: single(snapshot.results?.unsaved) },
    { gauge: GAUGES.resultsBytes, points: single(snapshot.results?.savedBytes) },
    ...poolGauges(snapshot.pools ?? []),
    { gauge: GAUGES.breakerOpen, points: flag(snapshot.isBreakerOpen) },
    {
      gauge: GAUGES.createsStopped,
      points: (snapshot.stops ?? []).map(({ code, count }) => ({ labels: [String(code)], value: count })),
    },
    { gauge: GAUGES.slaAvailability, points: slaPoints(snapshot.sla, 'availability') },
    { gauge: GAUGES.slaBudgetUsed, points: slaPoints(snapshot.sla, 'usedWindows') },
    { gauge: GAUGES.slaWindowRequests, points: single(snapshot.slaWindow?.requests) },
    { gauge: GAUGES.slaWindowErrors, points: single(snapshot.slaWindow?.errors) },
    { gauge: GAUGES.storeBytes, points: single(snapshot.storeBytes) },
    { gauge: GAUGES.eventLoopLag, points: single(process.lagSeconds) },
  ];
}

/** The budgets' credits at the configured price. */
function costGauges(budgets: readonly BudgetRow[], price: GaugeSnapshot['price']): GaugeReading[] {
  if (!price) return [];
  const { perCredit, currency } = price;
  const inMoney = (of: (row: BudgetRow) => MilliCredits): GaugeReading['points'] =>
    budgets.map((row) => ({ labels: [labelOf(row), currency], value: toCredits(of(row)) * perCredit }));
  return [
    { gauge: GAUGES.budgetLimitCost, points: inMoney((row) => row.limitCredits) },
    { gauge: GAUGES.budgetSettledCost, points: inMoney((row) => row.settledCredits) },
    { gauge: GAUGES.budgetHeldCost, points: inMoney((row) => row.heldCredits) },
  ];
}

function moneyGauges(snapshot: GaugeSnapshot, budgets: readonly BudgetRow[]): GaugeReading[] {
  const packs = snapshot.packs ?? [];
  return [
    {
      gauge: GAUGES.budgetExhaustion,
      points: known(budgets.map((row) => [[labelOf(row)], row.exhaustionSeconds])),
    },
    { gauge: GAUGES.frozen, points: flag(snapshot.isFrozen) },
    { gauge: GAUGES.doubts, points: single(snapshot.doubts?.count) },
    { gauge: GAUGES.oldestDoubt, points: known([[[], snapshot.doubts?.oldestSeconds]]) },
    { gauge: GAUGES.packRemaining, points: known(packs.map((row) => [[row.pack], row.remainingCredits])) },
    { gauge: GAUGES.packExpiry, points: known(packs.map((row) => [[row.pack], row.expiresAtSeconds])) },
    { gauge: GAUGES.packDaysLeft, points: known(packs.map((row) => [[row.pack], row.daysLeft])) },
    { gauge: GAUGES.slaExcluded, points: flag(snapshot.isExcludedNow) },
  ];
}

function poolGauges(pools: readonly PoolGauges[]): GaugeReading[] {
  const each = (of: (pool: PoolGauges) => number | null): GaugeReading['points'] =>
    known(pools.map((pool) => [[pool.name], of(pool)]));
  return [
    { gauge: GAUGES.concurrencyInUse, points: each(({ inUse }) => inUse) },
    { gauge: GAUGES.concurrencyElsewhere, points: each(({ elsewhere }) => elsewhere) },
    { gauge: GAUGES.concurrencyLimit, points: each(({ limit }) => limit) },
    {
      gauge: GAUGES.concurrencySource,
      points: pools.flatMap(({ name, source }) =>
        source === null ? [] : [{ labels: [name, source], value: 1 }],
      ),
    },
    { gauge: GAUGES.poolPaused, points: each(({ pausedSeconds }) => pausedSeconds) },
    { gauge: GAUGES.queueLength, points: each(({ queued }) => queued) },
    { gauge: GAUGES.queueOldest, points: each(({ oldestSeconds }) => oldestSeconds) },
  ];
}

function engineGauges(snapshot: GaugeSnapshot): GaugeReading[] {
  const { connections = [], outbox = [], storeQueues = [], clockOffsetMs } = snapshot;
  const offset = clockOffsetMs === undefined || clockOffsetMs === null ? null : clockOffsetMs / 1000;
  return [
    {
      gauge: GAUGES.connections,
      points: connections.map((row) => ({ labels: [row.lane], value: row.inUse })),
    },
    {
      gauge: GAUGES.connectionsWaiting,
      points: connections.map((row) => ({ labels: [row.lane], value: row.waiting })),
    },
    { gauge: GAUGES.clockOffset, points: known([[[], offset]]) },
    {
      gauge: GAUGES.outboxWaiting,
      points: outbox.map((row) => ({ labels: [row.receiver], value: row.waiting })),
    },
    { gauge: GAUGES.outboxOldest, points: known(outbox.map((row) => [[row.receiver], row.oldestSeconds])) },
    {
      gauge: GAUGES.storeQueue,
      points: storeQueues.map((row) => ({ labels: [row.queue], value: row.length })),
    },
    { gauge: GAUGES.storeWritable, points: flag(snapshot.isStoreWritable) },
    { gauge: GAUGES.storeWal, points: single(snapshot.walBytes) },
  ];
}

function alertGauges({ alertsFiring = [], alertsWaiting = [] }: GaugeSnapshot): GaugeReading[] {
  return [
    {
      gauge: GAUGES.alertsFiring,
      points: alertsFiring.map((row) => ({ labels: [row.rule, row.severity], value: row.count })),
    },
    {
      gauge: GAUGES.alertsWaiting,
      points: alertsWaiting.map((row) => ({ labels: [row.channel], value: row.waiting })),
    },
    {
      gauge: GAUGES.alertsOldest,
      points: alertsWaiting.map((row) => ({ labels: [row.channel], value: row.oldestSeconds })),
    },
  ];
}

function processGauges(startedAtSeconds: number): GaugeReading[] {
  const { rss, heapUsed } = memoryUsage();
  return [
    { gauge: GAUGES.processStart, points: single(startedAtSeconds) },
    { gauge: GAUGES.processResident, points: single(rss) },
    { gauge: GAUGES.processHeap, points: single(heapUsed) },
  ];
}

/** Leaves out unknown values. */
function known(rows: readonly (readonly [string[], number | null | undefined])[]): GaugeReading['points'] {
  return rows.flatMap(([labels, value]) =>
    value === null || value === undefined ? [] : [{ labels, value }],
  );
}

function flag(value: boolean | undefined): GaugeReading['points'] {
  return single(value === undefined ? undefined : Number(value));
}

type BudgetRow = NonNullable<GaugeSnapshot['budgets']>[number];

/** A budget that is per app or tag has a row for each value, so its label names both. */
function labelOf({ budget, perValue }: BudgetRow): string {
  return perValue === undefined || perValue === null ? budget : `${budget}/${perValue}`;
}

/** Keeps the most used rows of each budget that is per app or tag: the number of tags is not limited. */
function boundedRows(rows: readonly BudgetRow[]): BudgetRow[] {
  const shown = new Map<string, number>();
  const used = (row: BudgetRow): MilliCredits => row.settledCredits + row.heldCredits;
  return rows
    .toSorted((a, b) => used(b) - used(a))
    .filter(({ budget, perValue }) => {
      if (perValue === undefined || perValue === null) return true;
      const count = (shown.get(budget) ?? 0) + 1;
      shown.set(budget, count);
      return count <= PER_ROWS_MAX;
    });
}

function countsOf(rows: GaugeSnapshot['tasks']): GaugeReading['points'] {
  return (rows ?? []).map((row) => ({ labels: [row.product, row.state], value: row.count }));
}

function slaPoints(
  rows: GaugeSnapshot['sla'],
  field: 'availability' | 'usedWindows',
): GaugeReading['points'] {
  return (rows ?? []).map((row) => ({ labels: [row.month, row.reading], value: row[field] }));
}

function single(value: number | undefined): GaugeReading['points'] {
  return value === undefined ? [] : [{ labels: [], value }];
}
