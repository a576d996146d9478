/**
 * Repeated work in the background: a timer, a pass, a stop.
 *
 * A pass begins when its time has come, or when a caller asks for it, and returns when the next one begins.
 *
 * **Invariant**: passes do not overlap, and none begins after the stop. A call during a pass causes another one after it,
 * since the running one may have made its check already. A pass that throws does not end the repetition.
 */
import { within, type Clock, type Timer } from './clock.ts';
import type { Ms } from './units.ts';

export interface RepeatingOptions {
  clock: Clock;
  /**
   * Does one pass. Gives the wait until the next, counted from the end of this one, or null where only `wake` begins it. The
   * next may begin earlier, and begins after {@link WAIT_MS_MAX} at the latest: a pass that finds nothing to do does nothing.
   */
  pass: () => Ms | null | Promise<Ms | null>;
  /** Called with the error of a pass. */
  onError: (error: unknown) => void;
  /** The wait after a pass that threw. */
  errorWaitMs: Ms;
}

/** The longest wait: a wait that was computed from a wrong wall clock is corrected then. */
const WAIT_MS_MAX: Ms = 600_000;
/** The longest time that a stop waits for the running pass. */
const STOP_MS_MAX: Ms = 5_000;

export class Repeating {
  readonly #options: RepeatingOptions;
  #timer: Timer | null = null;
  /** When the next pass begins, on the steady clock; infinite if none is asked for. */
  #nextTick: Ms = Infinity;
  #running: Promise<void> | null = null;
  #isStopped = false;

  /** Begins nothing before the first `wake` or `run`. */
  constructor(options: RepeatingOptions) {
    this.#options = options;
  }

  /** Whether no further pass begins. A pass asks this between its steps. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Begins a pass in at most `withinMs` (0 or more; 0 is at once); if one runs, another one after it. */
  wake(withinMs: Ms = 0): void {
    if (this.#isStopped) return;
    const tick = this.#options.clock.monotonic() + Math.min(Math.max(0, withinMs), WAIT_MS_MAX);
    if (tick >= this.#nextTick) return;
    this.#nextTick = tick;
    if (this.#running === null) this.#schedule();
  }

  /** Begins a pass at once, or after the running one; resolves when it is over. Never rejects. */
  async run(): Promise<void> {
    const before = this.#running;
    this.wake();
    if (before !== null) await before;
    await this.#running;
  }

  /** Waits until no pass runs and none is to begin at once. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Begins no more passes, and waits for the running one, at most `limitMs`. Idempotent. */
  async stop(limitMs: Ms = STOP_MS_MAX): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    if (this.#running) await within(this.#options.clock, limitMs, this.#running);
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isStopped || this.#nextTick === Infinity) return;
    const waitMs = this.#nextTick - this.#options.clock.monotonic();
    if (waitMs <= 0) this.#begin();
    else this.#timer = this.#options.clock.after(waitMs, () => this.#begin());
  }

  #begin(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#nextTick = Infinity;
    this.#running = promise;
    void this.#pass().finally(() => {
      this.#running = null;
      resolve();
      this.#schedule();
    });
  }

  async #pass(): Promise<void> {
    const { pass, onError, errorWaitMs } = this.#options;
    try {
      const waitMs = await pass();
      if (waitMs !== null) this.wake(waitMs);
    } catch (error) {
      onError(error);
      this.wake(errorWaitMs);
    }
  }
}
