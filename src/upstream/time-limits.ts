/**
 * The time limits of one attempt: one for the whole of it, and one for its present step, such as the wait for the next piece of the
 * answer.
 *
 * A step begins with every piece, and a timer for each would cost more than the rest of the attempt: so one timer runs, never
 * later than the nearest limit. If it fires before a limit has passed, it is set again.
 */
import type { Clock, Timer } from '../clock.ts';
import type { Ms } from '../units.ts';

export class TimeLimits {
  readonly #clock: Clock;
  readonly #onPassed: () => void;
  #timer: Timer | null = null;
  #timerTick: Ms = Infinity;
  #wholeTick: Ms = Infinity;
  #stepTick: Ms = Infinity;

  /** @param onPassed is called once, when the first of the two limits has passed. */
  constructor(clock: Clock, onPassed: () => void) {
    this.#clock = clock;
    this.#onPassed = onPassed;
  }

  /** Limits the whole from now on. The timer fires after `firstStepMs`, so that no step of at least that length sets it again. */
  begin(wholeMs: Ms, firstStepMs: Ms): void {
    const now = this.#clock.monotonic();
    this.#wholeTick = now + wholeMs;
    this.#wait(now, now + Math.min(wholeMs, firstStepMs));
  }

  /** Limits the step that begins now; the one before has ended. */
  beginStep(stepMs: Ms): void {
    const now = this.#clock.monotonic();
    this.#stepTick = now + stepMs;
    if (this.#stepTick < this.#timerTick) this.#wait(now, this.#stepTick);
  }

  endStep(): void {
    this.#stepTick = Infinity;
  }

  /** Ends the limit of the whole; that of the step remains. */
  endWhole(): void {
    this.#wholeTick = Infinity;
  }

  /** Whether the limit of the whole has passed. */
  get isWholeOver(): boolean {
    return this.#wholeTick <= this.#clock.monotonic();
  }

  /** Ends both limits. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(now: Ms, untilTick: Ms): void {
    this.#timer?.cancel();
    this.#timerTick = untilTick;
    this.#timer = this.#clock.after(untilTick - now, () => this.#look());
  }

  #look(): void {
    const now = this.#clock.monotonic();
    const next = Math.min(this.#wholeTick, this.#stepTick);
    this.#timer = null;
    this.#timerTick = Infinity;
    if (next <= now) this.#onPassed();
    else if (next < Infinity) this.#wait(now, next);
  }
}
