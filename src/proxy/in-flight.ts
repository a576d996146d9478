/** Counts the open requests, for a stop that lets them end. */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

export class InFlight {
  readonly #clock: Clock;
  #count = 0;
  #onIdle: () => void = () => {};
  readonly #onSettled = (): void => {
    this.#count -= 1;
    if (this.#count === 0) this.#onIdle();
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a request until its work settles. */
  follow(work: Promise<unknown>): void {
    this.#count += 1;
    void work.then(this.#onSettled, this.#onSettled);
  }

  /** Waits until no request is open, at most `waitMs`. */
  idle(waitMs: Ms): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(waitMs, resolve);
      this.#onIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
