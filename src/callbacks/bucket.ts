/** A limit of requests in a second that allows a short burst. */
import type { Clock } from '../clock.ts';

/** The burst, in seconds of the limit. */
const BURST_SECONDS = 2;

export class Bucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #max: number;
  #left: number;
  #tick: number;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perMs = perSecond / 1_000;
    this.#max = perSecond * BURST_SECONDS;
    this.#left = this.#max;
    this.#tick = clock.monotonic();
  }

  /** Takes one; false if none is left. */
  take(): boolean {
    const tick = this.#clock.monotonic();
    this.#left = Math.min(this.#max, this.#left + (tick - this.#tick) * this.#perMs);
    this.#tick = tick;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
