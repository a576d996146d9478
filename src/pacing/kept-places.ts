/**
 * Places in the queue of creates that waited without success and were asked to come back.
 *
 * An equal create of the same app that comes back within its `Retry-After` gets the first one's order of arrival. A place is
 * no slot: nothing is kept free for it.
 *
 * **Invariant**: a place is used once. It lives in memory only: after a restart all creates queue anew.
 */
import type { Clock } from '../clock.ts';
import type { Ms, Product } from '../units.ts';
import { addInOrder, removeFrom, type Arrived } from './arrivals.ts';
import { FairQueue, type Queued } from './fair-queue.ts';

/** How long a place is kept after its `Retry-After`: callers come back at its end, and a little later. */
export const KEPT_AFTER_MS = 10_000;
/** How often places that ran out are looked for. */
const LOOK_MS = 1_000;

/** A create, as it is known again. */
export interface Returning {
  readonly app: string;
  readonly product: Product;
  readonly model: string | null;
  /** Null for a create that is not known again: it has no place. */
  readonly joinHash: string | null;
}

interface Place extends Queued {
  readonly key: string;
  readonly product: Product;
  readonly until: Ms;
}

export class KeptPlaces {
  readonly #clock: Clock;
  /** Of each create, in the order of arrival. */
  readonly #byCreate = new Map<string, Place[]>();
  readonly #byProduct: Readonly<Record<Product, FairQueue<Place>>> = {
    video: new FairQueue(),
    image: new FairQueue(),
  };
  #lookedAt: Ms = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps the place of a create for `ms`; not if `placesMax` are kept. */
  keep(
    create: Returning,
    { arrival, ms, placesMax }: Arrived & { readonly ms: Ms; readonly placesMax: number },
  ): void {
    this.#dropOld();
    const { video, image } = this.#byProduct;
    const key = keyOf(create);
    if (key === null || video.length + image.length >= placesMax) return;
    const { app, product, model } = create;
    const place = { key, app, product, model, arrival, until: this.#clock.monotonic() + ms };
    this.#byProduct[product].add(place);
    const equal = this.#byCreate.get(key);
    if (equal === undefined) this.#byCreate.set(key, [place]);
    else addInOrder(equal, place);
  }

  /** Uses up the earliest place of an equal create, and gives its order of arrival; null if there is none. */
  use(create: Returning): number | null {
    if (this.#byCreate.size === 0) return null;
    const now = this.#clock.monotonic();
    const places = this.#byCreate.get(keyOf(create) ?? '') ?? [];
    const used = places.find(({ until }) => until > now);
    if (used === undefined) return null;
    this.#drop(used);
    return used.arrival;
  }

  /** Gives the places of a product, as a queue that nothing leaves by its turn. */
  of(product: Product): FairQueue<Queued> {
    this.#dropOld();
    return this.#byProduct[product];
  }

  /** Drops the places that ran out, at most once in a second. */
  #dropOld(): void {
    const now = this.#clock.monotonic();
    if (now < this.#lookedAt + LOOK_MS || this.#byCreate.size === 0) return;
    this.#lookedAt = now;
    const old = [...this.#byCreate.values()].flatMap((places) => places.filter(({ until }) => until <= now));
    for (const place of old) this.#drop(place);
  }

  #drop(place: Place): void {
    this.#byProduct[place.product].remove(place);
    const equal = this.#byCreate.get(place.key) ?? [];
    removeFrom(equal, place);
    if (equal.length === 0) this.#byCreate.delete(place.key);
  }
}

function keyOf({ app, joinHash }: Returning): string | null {
  return joinHash === null ? null : `${joinHash} ${app}`;
}
