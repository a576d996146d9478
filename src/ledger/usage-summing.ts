/** Sums the usage of slots that are over, beside requests, every quarter of an hour (`usage-slots.ts`). */
import type { Clock } from '../clock.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import { SLOT_MS, sumUsageSlots } from './usage-slots.ts';

/** A start has more urgent work. */
const FIRST_MS: Ms = 10_000;
const ERROR_WAIT_MS: Ms = 60_000;
/** Creates of a piece while requests wait for the writer: about a millisecond. */
const ROWS_WHILE_BUSY = 300;
/** Creates of a piece while nothing else is written: some ten milliseconds. */
const ROWS_WHILE_IDLE = 4_000;

export interface UsageSummingDeps {
  store: Pick<Store, 'background'>;
  clock: Clock;
  onError: (message: string, error: unknown) => void;
}

export class UsageSumming {
  readonly #deps: UsageSummingDeps;
  readonly #passes: Repeating;

  constructor(deps: UsageSummingDeps) {
    this.#deps = deps;
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: () => this.#pass(),
      onError: (error) => deps.onError('usage could not be summed; questions about it take longer', error),
      errorWaitMs: ERROR_WAIT_MS,
    });
  }

  start(): void {
    this.#passes.wake(FIRST_MS);
  }

  /** Begins no more pieces. One that waits for its turn is not waited for: the close of the store ends it, and nothing is half done. */
  stop(): void {
    void this.#passes.stop();
  }

  async #pass(): Promise<Ms> {
    const { store, clock } = this.#deps;
    const take = (isBusy: boolean): { now: Ms; rowsMax: number } => ({
      now: clock.now(),
      rowsMax: isBusy ? ROWS_WHILE_BUSY : ROWS_WHILE_IDLE,
    });
    try {
      while (!this.#passes.isStopped && (await store.background(sumUsageSlots, take)).more);
    } catch (error) {
      // The store was closed under the last piece.
      if (!this.#passes.isStopped) throw error;
    }
    return SLOT_MS;
  }
}
