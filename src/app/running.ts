/**
 * The parts between start and stop, and what they do together: how they start, whether they are ready, what is due, how they end.
 *
 * **Invariant**: the store is closed after everything that writes to it, and no part waits longer than its time.
 */
import type { AppAlerts } from './alerts.ts';
import type { AppCallbacks } from './callbacks.ts';
import type { AppParts } from './parts.ts';
import { within, type Clock } from '../clock.ts';
import type { ControlPlane } from '../control/plane.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { DataPlane } from '../proxy/data-plane.ts';
import type { Ms } from '../units.ts';

/** How long a stop that ended requests waits for them to be recorded. */
const SETTLE_MS_MAX: Ms = 1_000;

/** The parts that exist between start and stop. */
export interface Running extends AppParts {
  dataPlane: DataPlane;
  callbacks: AppCallbacks | null;
  control: ControlPlane | null;
  jobs: Jobs | null;
  alerts: AppAlerts | null;
}

/** Starts what works beside requests, once the data plane listens. */
export async function startParts(running: Running): Promise<void> {
  await running.watch.start();
  running.doubts.start();
  running.poller.start();
  running.taskRetrier.start((kept) => running.dataPlane.sendKept(kept));
  running.results.start();
  const { slotKeepers, storeWatch, sumsCheck, usageSumming, clockKeeper } = running;
  for (const part of [slotKeepers, storeWatch, sumsCheck, usageSumming, clockKeeper]) part.start();
}

/** Says whether requests can be taken, and why not. */
export function readinessOf(
  { dataPlane, closing, storeWatch }: Running,
  takesWrites: boolean,
): { ready: boolean; reasons: string[] } {
  const reasons: string[] = [];
  if (dataPlane.isDraining) reasons.push('draining');
  if (closing.pending > 0 || !takesWrites) reasons.push('the store takes no writes');
  const lost = storeWatch.look();
  if (lost !== null) reasons.push(`the store was lost: ${lost}`);
  return { ready: reasons.length === 0, reasons };
}

/** Does what is due by now, and returns once it is done. */
export async function runWhatIsDue(running: Running): Promise<void> {
  await running.doubts.runDue();
  await running.adoption.runDue();
  await running.poller.runDue();
  await running.taskRetrier.runDue();
  await running.results.runDue();
  await running.jobs?.runDue(running.dated.now());
  await running.alerts?.runDue();
}

/** Ends every part: requests in flight have `drainMs` to end by themselves. */
export async function stopRunning(
  running: Running,
  { clock, drainMs }: { clock: Clock; drainMs: Ms },
): Promise<void> {
  running.slots.close();
  running.dataPlane.close();
  // Jobs end at their next piece, while creates end by themselves.
  const working = [running.jobs?.stop(), running.alerts?.stop(), running.taskRetrier.stop()];
  const callbacks = running.callbacks?.stop();
  await running.dataPlane.idle(drainMs);
  running.usageSumming.stop();
  const asking = [
    running.doubts.stop(),
    running.poller.stop(),
    running.results.stop(),
    running.adoption.stop(),
    running.sumsCheck.stop(),
    running.slotKeepers.stop(),
  ];
  // Ends what still hangs at Kling: creates are then put in doubt while the store is open, and nobody waits for it.
  await running.upstream.end();
  await within(clock, SETTLE_MS_MAX, Promise.all([...asking, ...working, callbacks]));
  // A moment for requests that were cut off to be recorded.
  await running.dataPlane.idle(SETTLE_MS_MAX);
  await within(clock, SETTLE_MS_MAX, recordEnd(running));
  running.dataPlane.cut();
  await running.control?.stop();
  await running.store.close();
}

/** Records how far everything came, while the store is open. */
async function recordEnd(running: Running): Promise<void> {
  await Promise.all([running.watch.stop(), running.clockKeeper.stop(), running.callJournal.flush()]);
  await running.traces.flush();
  running.closing.stop();
  running.storeWatch.stop();
  await running.instance.stop();
  await running.delivery.stop();
}
