/**
 * The clock of ages, for doubts and kept answers: the steady clock, continued after a restart from the store.
 *
 * A reading has the form of an instant and is none: neither a step of the wall clock nor a sleep of the machine moves it. The
 * time between two runs counts once per start, if Kling's clock and ours both show that it has passed.
 *
 * **Invariant**: within a life it never goes back, and it is never ahead of the time that has really passed.
 */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

export class AgeClock {
  readonly #clock: Clock;
  #base: Ms;
  #fromTick: Ms;
  #isDowntimeOpen = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#base = clock.now();
    this.#fromTick = clock.monotonic();
  }

  /**
   * Continues from the store's last reading; a new store (`null`) begins at the wall clock.
   * @param vouches Whether Kling has a clock of its own: an emulator on this machine has only ours.
   */
  begin(agedTo: Ms | null, vouches: boolean): void {
    this.#fromTick = this.#clock.monotonic();
    this.#base = agedTo ?? this.#clock.now();
    this.#isDowntimeOpen = agedTo !== null && vouches;
  }

  now(): Ms {
    return this.at(this.#clock.monotonic());
  }

  /** Gives the reading of an earlier instant of the steady clock; at most {@link now}. */
  at(tick: Ms): Ms {
    return Math.floor(this.#base + tick - this.#fromTick);
  }

  /** The beginning of a doubt that begins now; null if it begins with its first answered look-up. */
  get doubtFrom(): Ms | null {
    return this.#isDowntimeOpen ? null : this.now();
  }

  /** Counts the time since the last run, up to an instant that two clocks confirm. Only the first call of a life counts. */
  countDowntime(until: Ms): void {
    if (!this.#isDowntimeOpen) return;
    this.#isDowntimeOpen = false;
    const passedMs = until - this.now();
    if (passedMs > 0) this.#base += passedMs;
  }
}
