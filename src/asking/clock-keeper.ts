/**
 * Keeps the store's instants: the clock of ages, and dates that a wrong clock put into the future.
 *
 * If money has a date later than the present, creates count in windows that have not begun. Once Kling's clock has agreed
 * with ours for {@link AGREE_MS_MIN}, dates are set back by themselves; an operator can do it at once (`clock reset`).
 *
 * **Invariant**: dates are set back only while our clock is trusted and agrees with Kling's own answers.
 */
import type { Clock } from '../clock.ts';
import type { AgeClock } from '../ledger/age-clock.ts';
import { keepAge, resetDates, type DatesReset } from '../ledger/time.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { ClockTrust } from '../upstream/clock-trust.ts';
import type { ClockLook } from './clock-look.ts';

const PERIOD_MS: Ms = 30_000;
/** How long the two clocks must agree before dates are set back without an order. */
export const AGREE_MS_MIN: Ms = 300_000;
/** Dates that are ahead by less than this need no correction. */
const AHEAD_MS_MIN: Ms = 60_000;
/** The actor in the audit for dates that are set back without an order. */
const ACTOR = 'sidecar';

export interface ClockKeeperDeps {
  store: Store;
  clock: Clock;
  trust: ClockTrust;
  look: ClockLook;
  ages: AgeClock;
  onReset: (reset: DatesReset) => void;
  onError: (message: string, error: unknown) => void;
}

export class ClockKeeper {
  readonly #deps: ClockKeeperDeps;
  readonly #passes: Repeating;
  /** Since when the clocks agree while dates are ahead, on the steady clock; null while they do not. */
  #agreedFromTick: Ms | null = null;

  constructor(deps: ClockKeeperDeps) {
    this.#deps = deps;
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: () => this.#pass(),
      onError: (error) => deps.onError('the clocks could not be compared or kept', error),
      errorWaitMs: PERIOD_MS,
    });
  }

  start(): void {
    this.#passes.wake(PERIOD_MS);
  }

  /** Keeps the age that was reached. Call it while the store is open. */
  async stop(): Promise<void> {
    await this.#passes.stop();
    await this.#deps.store.write(keepAge, { age: this.#deps.ages.now() }).catch(() => undefined);
  }

  async #pass(): Promise<Ms> {
    const { store, ages, trust } = this.#deps;
    const { datedTo } = await store.write(keepAge, { age: ages.now() });
    const isAhead = datedTo !== null && datedTo - trust.now() > AHEAD_MS_MIN;
    if (isAhead && !this.#passes.isStopped) await this.#watch();
    else this.#agreedFromTick = null;
    return PERIOD_MS;
  }

  async #watch(): Promise<void> {
    const { look, trust, clock, store, onReset } = this.#deps;
    await look.look();
    const tick = clock.monotonic();
    if (!trust.isVouched) {
      this.#agreedFromTick = null;
      return;
    }
    this.#agreedFromTick ??= tick;
    if (tick - this.#agreedFromTick < AGREE_MS_MIN) return;
    const minutes = AGREE_MS_MIN / 60_000;
    const reason = `Kling's clock and this machine's have agreed for ${minutes} minutes`;
    const reset = await store.write(resetDates, { at: trust.now(), actor: ACTOR, reason });
    this.#agreedFromTick = null;
    if (reset.wasDatedTo !== null) onReset(reset);
  }
}
