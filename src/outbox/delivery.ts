/**
 * Delivery: gives the outbox's facts to their receivers, oldest first.
 *
 * Each receiver gets its waiting facts at the start, after every `wake`, and again some time after it refused a
 * fact. One background write marks all facts that it took.
 *
 * **Invariant**: at least once. A fact is marked only after its receiver took it; if a crash leaves it unmarked, the next
 * start delivers it again. Nothing here delays a request or throws into one.
 */
import { within, type Clock } from '../clock.ts';
import { Repeating } from '../repeating.ts';
import { doublingWait, type Doubling } from '../retry.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { HeardFact } from './heard-facts.ts';
import { markDeliveries, waitingFacts, type MarkDeliveriesArgs, type WaitingFact } from './outbox-table.ts';

/** A receiver of facts. Its name must be a row of `outbox_receivers`: earlier facts are not kept for it. */
export interface Receiver {
  readonly name: string;
  /** Takes a fact; a repeated delivery has the same `id`. Throws or rejects if the fact was not taken. */
  deliver(fact: HeardFact, id: number): void | Promise<void>;
}

export interface DeliveryDeps {
  store: Pick<Store, 'read' | 'write'>;
  clock: Clock;
  receivers: readonly Receiver[];
  onError(message: string, error: unknown): void;
}

/** Facts delivered between two marks. */
const FACTS_AT_ONCE = 100;
/** The waits of a fact that was refused. */
const RETRY: Doubling = { firstMs: 5_000, maxMs: 600_000 };
/** The wait after the store failed. */
const STORE_RETRY_MS: Ms = 5_000;
/** How long a stop waits for receivers. */
const STOP_MS_MAX: Ms = 5_000;

export class Delivery {
  readonly #deps: DeliveryDeps;
  readonly #receivers: Receiver[];
  readonly #passes: Repeating;

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
    this.#receivers = [...deps.receivers];
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: () => this.#pass(),
      onError: (error) => deps.onError('facts of the outbox could not be delivered', error),
      errorWaitMs: STORE_RETRY_MS,
    });
  }

  /** Adds a receiver after the start: it gets the facts that were kept for its name until then. */
  add(receiver: Receiver): void {
    this.#receivers.push(receiver);
    this.wake();
  }

  /** Delivers the waiting facts in the background; a call during a delivery causes one more afterwards. */
  wake(): void {
    this.#passes.wake();
  }

  /** Waits until the waiting facts were delivered. For tests and the end of the process. */
  settled(): Promise<void> {
    return this.#passes.settled();
  }

  /** Delivers the waiting facts and accepts no more. Call it while the store is open. */
  async stop(): Promise<void> {
    await within(this.#deps.clock, STOP_MS_MAX, this.#passes.run());
    await this.#passes.stop(0);
  }

  /** Delivers to each receiver; gives the wait until the first fact of any is due again, null if none waits. */
  async #pass(): Promise<Ms | null> {
    const waits: Ms[] = [];
    for (const receiver of this.#receivers) {
      const waitMs = await this.#serve(receiver);
      if (waitMs !== null) waits.push(waitMs);
    }
    return waits.length === 0 ? null : Math.min(...waits);
  }

  /** Delivers what is due for a receiver; gives the wait until its next fact is due, null if none waits. */
  async #serve(receiver: Receiver): Promise<Ms | null> {
    const { store, clock, onError } = this.#deps;
    try {
      for (;;) {
        const question = { receiver: receiver.name, at: clock.now(), limit: FACTS_AT_ONCE };
        const { due, nextAt } = await store.read(waitingFacts, question);
        if (due.length === 0) return nextAt === null ? null : nextAt - question.at;
        await store.write(markDeliveries, await this.#handOver(receiver, due));
      }
    } catch (error) {
      onError('facts of the outbox could not be read or marked', error);
      return STORE_RETRY_MS;
    }
  }

  /** Delivers facts one after the other; gives the result of each. */
  async #handOver(receiver: Receiver, waiting: readonly WaitingFact[]): Promise<MarkDeliveriesArgs> {
    const { clock, onError } = this.#deps;
    const marks: MarkDeliveriesArgs = { receiver: receiver.name, at: clock.now(), delivered: [], failed: [] };
    for (const { id, fact, attempts } of waiting) {
      try {
        await receiver.deliver(fact, id);
        marks.delivered.push(id);
      } catch (error) {
        marks.failed.push({ id, nextAt: clock.now() + doublingWait(attempts, RETRY) });
        onError(`the receiver ${receiver.name} did not take a fact`, error);
      }
    }
    return marks;
  }
}
