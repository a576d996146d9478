/** Counts, beside creates, the spending from before a budget was added: see `budget/backfill.ts`. */
import { countPiece } from '../budget/backfill.ts';
import { within, type Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Ms } from '../units.ts';

/** Holds of a piece while requests wait for the writer: about two milliseconds. */
const ROWS_WHILE_BUSY = 20;
/** Holds of a piece while nothing else is written: some tens of milliseconds. */
const ROWS_WHILE_IDLE = 500;
/** How long a reload waits for the end, so that a short history is counted when it returns. */
const WAIT_MS_MAX: Ms = 2_000;

export interface CountingDeps {
  store: Pick<Store, 'background'>;
  clock: Clock;
  log: Log;
}

/** Counts at background priority; resolves when all is counted, and after two seconds at the latest. */
export async function countInBackground(deps: CountingDeps): Promise<void> {
  deps.log.info('a new budget counts what was spent before; until then it binds by what it has counted', {
    event: 'budget_counting',
  });
  await within(deps.clock, WAIT_MS_MAX, countAll(deps));
}

async function countAll({ store, log }: CountingDeps): Promise<void> {
  try {
    const take = (isBusy: boolean): { rowsMax: number } => ({
      rowsMax: isBusy ? ROWS_WHILE_BUSY : ROWS_WHILE_IDLE,
    });
    while ((await store.background(countPiece, take)).more);
    log.info('the new budget has counted what was spent before', { event: 'budget_counting' });
  } catch (error) {
    // The next start goes on where this one stopped.
    if (error instanceof SidecarError && error.code === 'ledger_unavailable') return;
    log.error('a new budget could not count what was spent before; a restart tries again', {
      event: 'budget_counting',
      error,
    });
  }
}
