/**
 * Delivery: hands the outbox's facts to their receivers, oldest first.
 *
 * Each receiver is handed what waits for it at the start, after every `wake`, and again some time after it refused a
 * fact. What it took is marked in one background write.
 *
 * **Invariant**: at least once. A fact is marked only after its receiver took it; one that a crash left unmarked is handed
 * over again at the next start. Nothing here delays a request or throws into one.
 */
import type { Clock, Timer } from '../clock.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { HeardFact } from './heard-facts.ts';
import { markDeliveries, waitingFacts, type MarkDeliveriesArgs, type WaitingFact } from './outbox-table.ts';
import { Passes } from './passes.ts';

/** Who hears facts. Its name must be a row of `outbox_receivers`: facts noted before that are not kept for it. */
export interface Receiver {
  readonly name: string;
  /** Takes a fact; `id` is the same when it is handed over again. Throws or rejects where it was not taken. */
  deliver(fact: HeardFact, id: number): void | Promise<void>;
}

export interface DeliveryDeps {
  store: Pick<Store, 'read' | 'write'>;
  clock: Clock;
  receivers: readonly Receiver[];
  onError(message: string, error: unknown): void;
}

/** Facts handed over between two marks. */
const FACTS_AT_ONCE = 100;
/** The wait after a first refusal; doubled after each further one. */
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

  /** Adds a receiver after the start: it is handed what was kept for its name meanwhile. */
  add(receiver: Receiver): void {
    this.#receivers.push(receiver);
    this.wake();
  }

  /** Delivers what waits, in the background; while it does so, once more afterwards. */
  wake(): void {
    this.#passes.wake();
  }

  /** Waits until what waits was handed over. For tests and the end of the process. */
  settled(): Promise<void> {
    return this.#passes.settled();
  }

  /** Delivers what waits and takes nothing more. Call it while the store is open. */
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

  /** Hands over facts one after the other; gives what became of them. */
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

  /** Sets the next wake; a clock that was set back does not put it off for longer than a retry ever waits. */
  #wakeIn(waitMs: Ms): void {
    if (this.#passes.isStopped) return;
    this.#retry?.cancel();
    this.#retry = this.#deps.clock.after(Math.min(waitMs, RETRY_MS_MAX), () => this.wake());
  }
}
