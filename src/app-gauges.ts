/** The values of the gauges, read from the store when somebody scrapes. */
import { monthQuestion } from './app-claims.ts';
import { listBudgets } from './budget/budget-table.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { moneyStatus } from './ledger/status.ts';
import type { Slots } from './pacing/slots.ts';
import { readMonthGauges, readWindow } from './sla/month-table.ts';
import { addMonths, monthOf } from './sla/period.ts';
import { WINDOW_MS, windowStart } from './sla/window.ts';
import type { Store } from './store/store.ts';
import type { GaugeSnapshot } from './telemetry/gauges.ts';
import type { Ms } from './units.ts';

/** Reads a snapshot of the gauges; `datedAt` is the instant by which money is dated. */
export async function readGaugeSnapshot(
  store: Store,
  slots: Slots,
  { clock, datedAt }: { clock: Clock; datedAt: Ms },
  config: Config,
): Promise<GaugeSnapshot> {
  const at = clock.now();
  const { stuckAfterMs } = config.tasks;
  const [sla, slaWindow, { budgets }, money] = await Promise.all([
    keptMonths(store, clock, config),
    store.read(readWindow, { windowStart: windowStart(at) - WINDOW_MS }),
    store.read(listBudgets, { at: datedAt }),
    store.read(moneyStatus, { at, stuckAfterMs }),
  ]);
  return {
    budgets: budgets.map((row) => ({ ...row, budget: row.name })),
    tasks: money.openTasks.map(({ product, state, tasks }) => ({ product, state, count: tasks })),
    stuckTasks: money.openTasks.map(({ product, state, stuck }) => ({ product, state, count: stuck })),
    pools: slots.pools(),
    storeBytes: store.stats().bytes,
    sla,
    slaWindow: { requests: slaWindow.valid, errors: slaWindow.errors },
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
