/** The slots of each pool in use, and when they are likely to become free: from how long its tasks took. */
import type { Clock } from '../clock.ts';
import type { Ms, Product } from '../units.ts';

/** How long a task takes, before one of its pool has ended here: about the middle of what Kling's models take. */
export const TASK_MS: Readonly<Record<Product, Ms>> = { video: 120_000, image: 20_000 };
/** A new duration changes the estimate by this share, so about the last eight count. */
const NEW_SHARE = 1 / 8;
/** A duration counts as at most this many times the estimate: an end may be seen long after it was. */
const SEEN_LATE_TIMES = 4;

/** Slots of a create in all its pools. */
export interface ReservedSlots {
  readonly pools: readonly string[];
  readonly weight: number;
  /** Since when, on the steady clock. */
  readonly since: Ms;
}

interface Pool {
  inUse: number;
  readonly open: Set<ReservedSlots>;
}

export class PoolUse {
  readonly #clock: Clock;
  readonly #pools = new Map<string, Pool>();
  readonly #taskMs = new Map<string, Ms>();
  readonly #elsewhere = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives the slots in use, with those of tasks that are not ours. */
  inUse(pool: string): number {
    return (this.#pools.get(pool)?.inUse ?? 0) + this.elsewhere(pool);
  }

  /** Gives the slots of tasks of the account that are not ours. */
  elsewhere(pool: string): number {
    return this.#elsewhere.get(pool) ?? 0;
  }

  setElsewhere(pool: string, slots: number): void {
    this.#elsewhere.set(pool, slots);
  }

  /** Reserves slots of some pools, since now or an earlier instant of the steady clock. */
  reserve(pools: readonly string[], weight: number, since: Ms = this.#clock.monotonic()): ReservedSlots {
    const reserved = { pools, weight, since };
    for (const name of pools) {
      let pool = this.#pools.get(name);
      if (pool === undefined) this.#pools.set(name, (pool = { inUse: 0, open: new Set() }));
      pool.inUse += weight;
      pool.open.add(reserved);
    }
    return reserved;
  }

  /** Frees slots; a second time it does nothing. */
  free(reserved: ReservedSlots): void {
    for (const name of reserved.pools) {
      const pool = this.#pools.get(name);
      if (pool?.open.delete(reserved)) pool.inUse -= reserved.weight;
    }
  }

  /** Learns from a task that ended how long those of its pools take. */
  noteDuration(pools: readonly string[], ms: Ms): void {
    for (const pool of pools) {
      const known = this.#taskMs.get(pool) ?? ms;
      const seen = Math.min(ms, known * SEEN_LATE_TIMES);
      this.#taskMs.set(pool, known + (seen - known) * NEW_SHARE);
    }
  }

  /**
   * Estimates when slots become free: the function gives after what time a number of slots that are wanted now (1 or more, in the order of the
   * queue) will have been free for a moment.
   */
  forecast(pool: string, { product, limit }: { product: Product; limit: number }): (slots: number) => Ms {
    const now = this.#clock.monotonic();
    const { inUse, open } = this.#pools.get(pool) ?? { inUse: 0, open: [] };
    const elsewhere = this.elsewhere(pool);
    const taskMs = this.#taskMs.get(pool) ?? this.#taskMs.get(product) ?? TASK_MS[product];
    const ends = Array.from(open, ({ since, weight }) => ({
      afterMs: Math.max(0, since + taskMs - now),
      weight,
    })).toSorted((a, b) => a.afterMs - b.afterMs);
    return (slots) => {
      const lacking = inUse + elsewhere + slots - limit;
      if (lacking <= 0) return 0;
      // When tasks that are not ours end is not known.
      if (inUse === 0) return elsewhere === 0 ? 0 : taskMs;
      // After the open tasks have ended, as many run that take as long.
      const rounds = Math.floor((lacking - 1) / inUse);
      let rest = lacking - rounds * inUse;
      const last = ends.find(({ weight }) => (rest -= weight) <= 0);
      return (last?.afterMs ?? taskMs) + rounds * taskMs;
    };
  }
}
