/**
 * By which clock doubts and kept answers grow old: the steady one, carried on over restarts by the store.
 *
 * It reads like an instant and is none: a step of the wall clock does not move it, and neither does a sleep of the machine.
 * The time between two runs counts once per start, where Kling's clock and ours both show that it has passed.
 *
 * **Invariant**: it never goes back within a life, and never runs ahead of the time that has really passed.
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
   * Goes on from what the store was aged to; a new store (`null`) begins at the wall clock.
   * @param vouches Whether Kling has a clock of its own: one on this machine shows what ours shows.
   */
  begin(agedTo: Ms | null, vouches: boolean): void {
    this.#fromTick = this.#clock.monotonic();
    this.#base = agedTo ?? this.#clock.now();
    this.#isDowntimeOpen = agedTo !== null && vouches;
  }

  now(): Ms {
    return Math.floor(this.#base + this.#clock.monotonic() - this.#fromTick);
  }

  /** From when a doubt that begins now counts; null where it counts from its first answered look-up. */
  get doubtFrom(): Ms | null {
    return this.#isDowntimeOpen ? null : this.now();
  }

  /** Counts the time since the last run, up to an instant that two clocks vouch for. Only the first call of a life counts. */
  countDowntime(until: Ms): void {
    if (!this.#isDowntimeOpen) return;
    this.#isDowntimeOpen = false;
    const passedMs = until - this.now();
    if (passedMs > 0) this.#base += passedMs;
  }
}
