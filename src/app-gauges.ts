/** The values of the gauges, read from the store when somebody scrapes. */
import { listBudgets } from './budget/budget-table.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { moneyStatus } from './ledger/status.ts';
import type { Slots } from './pacing/slots.ts';
import type { Store } from './store/store.ts';
import type { GaugeSnapshot } from './telemetry/gauges.ts';

/** Reads a snapshot of the gauges. */
export async function readGaugeSnapshot(
  store: Store,
  slots: Slots,
  clock: Clock,
  config: Config,
): Promise<GaugeSnapshot> {
  const at = clock.now();
  const { stuckAfterMs } = config.tasks;
  const [{ budgets }, money] = await Promise.all([
    store.read(listBudgets, { at }),
    store.read(moneyStatus, { at, stuckAfterMs }),
  ]);
  return {
    budgets: budgets.map((row) => ({ ...row, budget: row.name })),
    tasks: money.openTasks.map(({ product, state, tasks }) => ({ product, state, count: tasks })),
    stuckTasks: money.openTasks.map(({ product, state, stuck }) => ({ product, state, count: stuck })),
    pools: slots.pools(),
    storeBytes: store.stats().bytes,
  };
}
