/**
 * How many slots a pool has now, and who says so.
 *
 * In this order: the config (`limits.concurrency`), the account's packs in force, the config's tier, a refusal of Kling's for
 * concurrency. A pool of a model has a limit only where the config names one. A pool without a limit never waits.
 *
 * **Invariant**: {@link limitsFrom} is the only place that decides which source wins; a limit is at least 1.
 */
import type { Product } from '../units.ts';

/** Who says how many slots a pool has. */
export type LimitSource = 'config' | 'pack' | 'tier' | 'learned';

/** The limit of a pool: `video`, `image`, or a model. */
export interface PoolLimit {
  /** Slots, at least 1. */
  readonly limit: number;
  readonly source: LimitSource;
}

/** Kling refused a create of this pool for concurrency (code 1303). */
export interface PoolThrottle {
  readonly pool: string;
  /** Slots in use, with those of the refused create and of tasks that are not ours. */
  readonly inUse: number;
  /** Slots of the refused create. */
  readonly weight: number;
}

/** The limits in force: they may change at any time (`Slots.limitsChanged` makes the queue look again). */
export interface Limits {
  /** Gives the limit of a pool now; null for none. */
  of(pool: string): PoolLimit | null;
  /** Names the pools that have a limit now. */
  names(): Iterable<string>;
  /** Takes note of a pool that Kling found full. */
  noteFull(throttle: PoolThrottle): void;
}

/** What each source says now. */
export interface LimitSources {
  /** `limits.concurrency`, by pool. */
  config: Readonly<Record<string, number>>;
  /** From the packs in force. */
  packs: Readonly<Partial<Record<Product, number>>>;
  /** From `limits.tier`, for each product. */
  tier: number | null;
  /** What a refusal of Kling's taught, by product. */
  learned: ReadonlyMap<string, number>;
}

const PRODUCTS: readonly Product[] = ['video', 'image'];

/** Gives the limit of every pool that has one: for each pool, the first source that names a limit wins. */
export function limitsFrom({ config, packs, tier, learned }: LimitSources): Map<string, PoolLimit> {
  const limits = new Map<string, PoolLimit>();
  const add = (pool: string, source: LimitSource, limit: number | null | undefined): void => {
    if (typeof limit === 'number' && !limits.has(pool)) limits.set(pool, { limit, source });
  };
  for (const [pool, limit] of Object.entries(config)) add(pool, 'config', limit);
  for (const product of PRODUCTS) {
    add(product, 'pack', packs[product]);
    add(product, 'tier', tier);
    add(product, 'learned', learned.get(product));
  }
  return limits;
}

/** Returns whether a refusal of Kling's may teach the limit of a pool: of a product, where no other source names one. */
export function mayLearn(pool: string, known: PoolLimit | null): boolean {
  return PRODUCTS.some((product) => product === pool) && (known === null || known.source === 'learned');
}

/** Makes limits of the config's record, which is fixed. */
export function configuredLimits(concurrency: Readonly<Record<string, number>>): Limits {
  const byPool = limitsFrom({ config: concurrency, packs: {}, tier: null, learned: new Map() });
  return {
    of: (pool) => byPool.get(pool) ?? null,
    names: () => byPool.keys(),
    noteFull: () => undefined,
  };
}
