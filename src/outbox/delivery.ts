/**
 * Delivery: gives the outbox's facts to their receivers, oldest first.
 *
 * Each receiver gets its waiting facts at the start, after every `wake`, and again some time after it refused a
 * fact. One background write marks all facts that it took.
 *
 * **Invariant**: at least once. A fact is marked only after its receiver took it; if a crash leaves it unmarked, the next
 * start delivers it again. Nothing here delays a request or throws into one.
 */
import type { Clock, Timer } from '../clock.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { HeardFact } from './heard-facts.ts';
import { markDeliveries, waitingFacts, type MarkDeliveriesArgs, type WaitingFact } from './outbox-table.ts';
import { Passes } from './passes.ts';

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
/** The wait after a first refusal; each further refusal doubles it. */
const RETRY_MS: Ms = 5_000;
const RETRY_MS_MAX: Ms = 600_000;

export class Delivery {
  readonly #deps: DeliveryDeps;
  readonly #receivers: Receiver[];
  readonly #passes = new Passes(() => this.#pass());
  #retry: Timer | null = null;

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
    this.#receivers = [...deps.receivers];
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
    this.wake();
    this.#passes.stop();
    this.#retry?.cancel();
    await this.settled();
  }

  async #pass(): Promise<void> {
    for (const receiver of this.#receivers) await this.#serve(receiver);
  }

  async #serve(receiver: Receiver): Promise<void> {
    const { store, clock, onError } = this.#deps;
    try {
      for (;;) {
        const question = { receiver: receiver.name, at: clock.now(), limit: FACTS_AT_ONCE };
        const { due, nextAt } = await store.read(waitingFacts, question);
        if (nextAt !== null) this.#wakeIn(nextAt - question.at);
        if (due.length === 0) return;
        await store.write(markDeliveries, await this.#handOver(receiver, due));
      }
    } catch (error) {
      onError('facts of the outbox could not be read or marked', error);
      this.#wakeIn(RETRY_MS);
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
        const waitMs = Math.min(RETRY_MS * 2 ** attempts, RETRY_MS_MAX);
        marks.failed.push({ id, nextAt: clock.now() + waitMs });
        onError(`the receiver ${receiver.name} did not take a fact`, error);
      }
    }
    return marks;
  }

  /** Sets the next wake; after a clock was set back it waits at most as long as the longest retry. */
  #wakeIn(waitMs: Ms): void {
    if (this.#passes.isStopped) return;
    this.#retry?.cancel();
    this.#retry = this.#deps.clock.after(Math.min(waitMs, RETRY_MS_MAX), () => this.wake());
  }
}
