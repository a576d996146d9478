/** Turns a snapshot of the gauges' sources into readings, and measures the event loop's lag. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { toCredits, type MilliCredits, type Product } from '../units.ts';
import type { TaskState } from '../words.ts';
import type { GaugeReading } from './metric-producer.ts';
import { GAUGES } from './metrics.ts';

/** How often the event loop is sampled; a lag shorter than this may go unseen. */
const SAMPLE_MS = 20;
/** Rows shown of one budget that is per app or tag. */
const PER_ROWS_MAX = 100;

/** The values of the gauges at one moment; what is not known is left out. */
export interface GaugeSnapshot {
  budgets?: readonly {
    budget: string;
    /** The app or tag of this row, where the budget is per app or tag. */
    perValue?: string | null;
    limitCredits: MilliCredits;
    settledCredits: MilliCredits;
    heldCredits: MilliCredits;
  }[];
  tasks?: readonly { product: Product; state: TaskState; count: number }[];
  stuckTasks?: readonly { product: Product; state: TaskState; count: number }[];
  /** `limit` is null for a pool without one. */
  pools?: readonly { name: string; inUse: number; limit: number | null; queued: number }[];
  storeBytes?: number;
  /** One row a month and reading. */
  sla?: readonly {
    month: 'current' | 'previous';
    reading: string;
    availability: number;
    usedWindows: number;
  }[];
  slaWindow?: { requests: number; errors: number };
}

export interface EventLoopLag {
  /** The 99th percentile of the lag since the reading before, in seconds; the same again without new samples. */
  readSeconds(): number;
  stop(): void;
}

/** Begins to measure how late the event loop comes to its timers. */
export function createEventLoopLag(): EventLoopLag {
  const delays = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  delays.enable();
  let lagMs = 0;
  return {
    readSeconds() {
      if (delays.count > 0) {
        // Node records the time between two samples, the period itself included.
        lagMs = Math.max(0, delays.percentile(99) / 1e6 - SAMPLE_MS);
        delays.reset();
      }
      return lagMs / 1000;
    },
    stop: () => void delays.disable(),
  };
}

/** Gives a reading for each gauge; one without points is shown by nobody. */
export function readGauges(snapshot: GaugeSnapshot, lagSeconds: number): GaugeReading[] {
  const budgets = boundedRows(snapshot.budgets ?? []);
  const pools = snapshot.pools ?? [];
  const bounded = pools.flatMap(({ name, limit }) =>
    limit === null ? [] : [{ labels: [name], value: limit }],
  );
  return [
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
    {
      gauge: GAUGES.concurrencyInUse,
      points: pools.map((pool) => ({ labels: [pool.name], value: pool.inUse })),
    },
    { gauge: GAUGES.concurrencyLimit, points: bounded },
    { gauge: GAUGES.queueLength, points: pools.map((pool) => ({ labels: [pool.name], value: pool.queued })) },
    { gauge: GAUGES.slaAvailability, points: slaPoints(snapshot.sla, 'availability') },
    { gauge: GAUGES.slaBudgetUsed, points: slaPoints(snapshot.sla, 'usedWindows') },
    { gauge: GAUGES.slaWindowRequests, points: single(snapshot.slaWindow?.requests) },
    { gauge: GAUGES.slaWindowErrors, points: single(snapshot.slaWindow?.errors) },
    { gauge: GAUGES.storeBytes, points: single(snapshot.storeBytes) },
    { gauge: GAUGES.eventLoopLag, points: single(lagSeconds) },
  ];
}

type BudgetRow = NonNullable<GaugeSnapshot['budgets']>[number];

/** A budget that is per app or tag has a row for each value, so its label names both. */
function labelOf({ budget, perValue }: BudgetRow): string {
  return perValue === undefined || perValue === null ? budget : `${budget}/${perValue}`;
}

/** Keeps, of each budget that is per app or tag, the rows most used: tags are without number. */
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
