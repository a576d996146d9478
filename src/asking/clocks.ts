/** The clocks of a running app: for the dates of money, for the age of doubts, and the comparison of both with Kling's. */
import type { Clock } from '../clock.ts';
import { isLoopback } from '../listen.ts';
import { AgeClock } from '../ledger/age-clock.ts';
import { keepAge, readTime, type DatesReset } from '../ledger/time.ts';
import { ClockKeeper } from './clock-keeper.ts';
import { ClockLook } from './clock-look.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { formatCredits } from '../units.ts';
import type { AskKling } from '../upstream/ask.ts';
import { ClockTrust } from '../upstream/clock-trust.ts';
import type { Upstream } from '../upstream/upstream.ts';

export interface Clocks {
  clockTrust: ClockTrust;
  clockLook: ClockLook;
  clockKeeper: ClockKeeper;
  ages: AgeClock;
  /** Usual timers and durations; its wall clock gives the dates of money. */
  dated: Clock;
  /** Sets the store's instants, before anything is dated. */
  beginClocks: () => Promise<void>;
}

export interface ClocksInput {
  store: Store;
  upstream: Upstream;
  clock: Clock;
  log: Log;
  ask: AskKling;
}

/** Builds the clocks; nothing is read, asked or timed before they are begun and started. */
export function buildClocks({ store, upstream, clock, log, ask }: ClocksInput): Clocks {
  const { klingClock } = upstream;
  const ages = new AgeClock(clock);
  const clockTrust = new ClockTrust(clock, klingClock, () => hasOwnClock(upstream));
  klingClock.onBelieved = () => {
    clockTrust.follow();
    ages.countDowntime(Math.min(clock.now(), klingClock.now() ?? 0));
  };
  const clockLook = new ClockLook({ ask, upstream, trust: clockTrust });
  const clockKeeper = new ClockKeeper({
    store,
    clock,
    trust: clockTrust,
    look: clockLook,
    ages,
    onReset: (reset) => logReset(log, reset),
    onError: (message, error) => log.error(message, { event: 'background_failed', error }),
  });
  return {
    clockTrust,
    clockLook,
    clockKeeper,
    ages,
    dated: { ...clock, now: () => clockTrust.now() },
    async beginClocks() {
      const { datedTo, agedTo, accepted } = await store.read(readTime, {});
      clockTrust.begin({ datedTo, accepted });
      ages.begin(agedTo, hasOwnClock(upstream));
      await store.write(keepAge, { age: ages.now() });
    },
  };
}

/** A Kling on this machine, an emulator, has this machine's clock. */
function hasOwnClock({ host }: Upstream): boolean {
  return !isLoopback(host.replace(/:\d+$|[[\]]/g, ''));
}

function logReset(log: Log, { wasDatedTo, future }: DatesReset): void {
  log.warn('money was dated into the future by a wrong clock and is dated by the right one again', {
    event: 'dates_mended',
    wasDatedTo: wasDatedTo === null ? null : new Date(wasDatedTo).toISOString(),
    holds: future.count,
    credits: formatCredits(future.credits),
    first: future.holds.slice(0, 10).map(({ id }) => id),
  });
}
