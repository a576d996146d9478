/** What a start does with the store before anybody is served. */
import type { AppParts } from './parts.ts';
import { noteLedgers } from './ledgers.ts';
import { earlierRefusals } from './stops.ts';
import { countPiece } from '../budget/backfill.ts';
import { applyBudgets } from '../budget/budget-table.ts';
import { beginLimits } from './pacing.ts';
import { noteKey, noteUpstream } from './upstream.ts';
import { noteMode } from '../calls/would-have-table.ts';
import type { Config } from '../config/config.ts';
import { SidecarError } from '../errors.ts';
import { freezeState } from '../ledger/freeze.ts';
import { openSlots } from '../ledger/open-slots.ts';
import { openWork } from '../ledger/open-work.ts';
import { recoverHolds } from '../ledger/recover.ts';
import type { RouteTable } from '../kling/routes.ts';
import type { Log } from '../telemetry/log.ts';

/** Holds counted for new budgets in one transaction of a start. */
const ROWS_AT_START = 2000;

/**
 * Applies the budgets, finds what an earlier run left open, and takes the limits of the account, Kling's stops, the slots that its
 * tasks still have and the sums of what is open.
 */
export async function putInOrder(
  {
    store,
    ledger,
    upstream,
    slots,
    limits,
    stops,
    sums,
    durations,
    delivery,
    lastFreeze,
    dated,
    ages,
    beginClocks,
    instance,
    adoption,
  }: AppParts,
  { config, routes, log }: { config: Config; routes: RouteTable; log: Log },
): Promise<void> {
  await beginClocks();
  const at = dated.now();
  const { isPending } = await store.write(applyBudgets, { rules: [...config.budgets], at });
  // Nobody waits yet: a start counts to the end.
  if (isPending) while ((await store.write(countPiece, { rowsMax: ROWS_AT_START })).more);
  await store.write(noteMode, { mode: config.mode, at });
  await noteUpstream(upstream.line, { store, slots, sums, log, at });
  stops.restore(await earlierRefusals(store, { line: upstream.line, routes, at }));
  await noteKey(upstream.line, { store, environment: config.environment, at });
  lastFreeze.set(await store.read(freezeState, {}));
  const { recovered, due } = await ledger.run(recoverHolds, {
    owner: await instance.begin(),
    at,
    age: { now: ages.now(), doubtFrom: ages.doubtFrom },
  });
  await adoption.begin();
  // Also what the last process committed and did not live to hand over.
  delivery.wake();
  if (due > 0)
    log.warn('creates of an earlier run are in doubt and will be looked up', {
      event: 'doubts_recovered',
      recovered,
      due,
    });
  await noteLedgers({ store, ledger, upstream, dated }, config);
  sums.begin(await store.read(openWork, {}));
  await beginLimits({ store, upstream, limits });
  for (const slot of await store.read(openSlots, {}))
    slots.occupy(slot.holdId, slot, Math.max(0, at - slot.at));
  measureTasks({ durations, store }, log);
}

/** Learns beside requests how long tasks took; until then they are stuck after the usual time. */
function measureTasks({ durations, store }: Pick<AppParts, 'durations' | 'store'>, log: Log): void {
  durations.begin(store).catch((error: unknown) => {
    // The process ends: the next start reads them.
    if (error instanceof SidecarError && error.code === 'ledger_unavailable') return;
    log.warn('how long tasks took could not be read', { event: 'background_failed', error });
  });
}
