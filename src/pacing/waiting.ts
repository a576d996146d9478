/**
 * The creates that wait, of all products: who is next, who has a place from before, and the refusal of one that waited without success.
 *
 * **Invariant**: products take turns, since a rate may be all that creates wait for. A create is in a queue or has a kept place, never both.
 */
import type { Clock } from '../clock.ts';
import type { SidecarError } from '../errors.ts';
import type { Ms, Product } from '../units.ts';
import { FairQueue, type Lack, type Queued } from './fair-queue.ts';
import { KEPT_AFTER_MS, KeptPlaces } from './kept-places.ts';
import { queueFull } from './queue-full.ts';
import { SHARED, type Room } from './room.ts';
import type { SlotRequest, SlotTicket, WaitingCreate } from './slot.ts';

/** A create in the queue. */
export interface Waiter extends Queued {
  readonly request: SlotRequest;
  readonly pools: readonly string[];
  /** On the steady clock. */
  readonly since: Ms;
  readonly grant: (ticket: SlotTicket) => void;
  readonly leave: (error: Error) => void;
}

export class Waiting {
  readonly #room: Room;
  /** The product that was served last is the last one. */
  readonly #queues = new Map<Product, FairQueue<Waiter>>([
    ['video', new FairQueue()],
    ['image', new FairQueue()],
  ]);
  readonly #places: KeptPlaces;
  #arrivals = 0;

  constructor(room: Room, clock: Clock) {
    this.#room = room;
    this.#places = new KeptPlaces(clock);
  }

  get length(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.length;
    return count;
  }

  countOf(product: Product): number {
    return this.#queueOf(product).length;
  }

  /** Counts by pool; pools for which nothing waits are left out. */
  byPool(): Map<string, number> {
    const queued = new Map<string, number>();
    for (const [product, queue] of this.#queues) {
      if (queue.length > 0) queued.set(product, queue.length);
      for (const model of queue.models())
        if (model !== null) queued.set(model, (queued.get(model) ?? 0) + queue.countOf(model));
    }
    return queued;
  }

  /** Gives the order of arrival of a new create. */
  arrive(): number {
    this.#arrivals += 1;
    return this.#arrivals;
  }

  add(waiter: Waiter): void {
    this.#queueOf(waiter.request.product).add(waiter);
  }

  /** Removes one that gave up; does nothing if it does not wait. */
  remove(waiter: Waiter): void {
    this.#queueOf(waiter.request.product).remove(waiter);
  }

  /** Removes the next one that may leave now, and gives it; null if none may. */
  takeNext(): Waiter | null {
    for (const [product, queue] of this.#queues) {
      const waiter = queue.length === 0 ? null : queue.next(this.#lackOf);
      if (waiter === null) continue;
      queue.serve(waiter);
      this.#queues.delete(product);
      this.#queues.set(product, queue);
      return waiter;
    }
    return null;
  }

  /** Uses up the place of an equal create, and gives its order of arrival; null if none is kept. */
  usePlace(request: SlotRequest): number | null {
    return this.#places.use(request);
  }

  /** Refuses a create whose wait is over, and keeps its place. */
  timedOut(waiter: Waiter, waitMs: Ms): SidecarError {
    const { request, arrival } = waiter;
    const { error, retryAfterMs } = this.#full(request, arrival, `waited ${waitMs} ms`);
    const placesMax = this.#room.options.queueLengthMax;
    this.#places.keep(request, { arrival, ms: retryAfterMs + KEPT_AFTER_MS, placesMax });
    return error;
  }

  /** Refuses a create that did not wait: it has no place. */
  refused(request: SlotRequest, why: string): SidecarError {
    return this.#full(request, Infinity, why).error;
  }

  /** Returns whether creates of a product wait, or were asked to come back soon. */
  isWanted(product: Product): boolean {
    return this.countOf(product) > 0 || this.#places.of(product).length > 0;
  }

  all(): Waiter[] {
    return [...this.#queues.values()].flatMap((queue) => queue.inOrder());
  }

  /** Lists all, by product in the order in which they leave; `wallOf` gives an instant of the steady clock on the wall clock. */
  list(wallOf: (tick: Ms) => Ms): WaitingCreate[] {
    return [...this.#queues].flatMap(([product, queue]) => {
      const waits = new Map<string | null, (ahead: number) => Ms>();
      const absent = this.#places.of(product);
      return queue.inOrder().map((waiter, ahead) => {
        const { request, pools, since } = waiter;
        const waitOf = waits.get(request.model) ?? this.#room.waitsOf(request, pools);
        waits.set(request.model, waitOf);
        return {
          app: request.app,
          operation: request.operation,
          pool: this.#room.poolLackedBy(request),
          since: wallOf(since),
          position: ahead + 1,
          waitMs: waitOf(queue.aheadOf(waiter, absent)),
        };
      });
    });
  }

  readonly #lackOf = ({ request }: Waiter): Lack => {
    const lacking = this.#room.lackOf(request);
    return lacking === null ? null : SHARED[lacking];
  };

  #full(request: SlotRequest, arrival: number, why: string): ReturnType<typeof queueFull> {
    const { app, product } = request;
    const ahead = this.#queueOf(product).aheadOf({ app, arrival }, this.#places.of(product));
    return queueFull(this.#room, request, { ahead, why });
  }

  #queueOf(product: Product): FairQueue<Waiter> {
    const queue = this.#queues.get(product);
    if (queue === undefined) throw new Error(`there is no queue for ${product}`);
    return queue;
  }
}
