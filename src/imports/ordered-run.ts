/**
 * Runs the batches of one import in order although several requests are open: which of two calls with one identity is
 * kept must not depend on which request arrives first.
 *
 * **Invariant**: batches run one at a time, by their place; if one fails, those that wait behind it fail too.
 */
import type { Clock, Timer } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';

/** How long a batch waits for a missing one before it. */
const WAIT_MS_MAX: Ms = 60_000;

interface Waiting {
  start: () => void;
  fail: (error: Error) => void;
  timer: Timer;
}

/** One import's batches. */
export class OrderedRun {
  /** Whether the audit has a row for its beginning. */
  isBegun = false;
  /** Files imported with the same source before it began. */
  earlierFiles: readonly string[] = [];
  /** New calls so far. */
  imported = 0;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  /** The place of the batch that runs, or may run next. */
  #next = 0;
  /** The place of the next batch that names none. */
  #free = 0;
  #isRunning = false;
  #failure: Error | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isFailed(): boolean {
    return this.#failure !== null;
  }

  /**
   * Runs a batch when those before it have ended.
   * @param place from 0; if undefined, the order of the calls counts.
   * @throws SidecarError `bad_usage` if its place was taken or the one before it does not come; the error of an earlier batch.
   */
  async inOrder<T>(place: number | undefined, run: () => Promise<T>): Promise<T> {
    const at = place ?? this.#free;
    this.#free = Math.max(this.#free, at + 1);
    await this.#turn(at);
    this.#isRunning = true;
    try {
      return await run();
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    } finally {
      this.#isRunning = false;
      this.#next = at + 1;
      this.#wake();
    }
  }

  #turn(at: number): Promise<void> | undefined {
    if (this.#failure) throw this.#failure;
    if (at < this.#next || this.#waiting.has(at) || (at === this.#next && this.#isRunning)) {
      throw new SidecarError('bad_usage', `batch ${at} of this import came twice; count its batches from 0.`);
    }
    return at === this.#next ? undefined : this.#wait(at);
  }

  #wait(at: number): Promise<void> {
    return new Promise((start, fail) => {
      const timer = this.#clock.after(WAIT_MS_MAX, () => {
        this.#waiting.delete(at);
        fail(new SidecarError('bad_usage', `batch ${at} of this import came, and one before it did not.`));
      });
      this.#waiting.set(at, { start, fail, timer });
    });
  }

  /** Starts the next batch, or fails all that wait. */
  #wake(): void {
    for (const [at, { start, fail, timer }] of this.#waiting) {
      if (!this.#failure && at !== this.#next) continue;
      timer.cancel();
      this.#waiting.delete(at);
      if (this.#failure) fail(this.#failure);
      else start();
    }
  }
}
