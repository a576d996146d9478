/**
 * The limits of the account in use: from the config, its packs, its tier, and what its refusals taught.
 *
 * Packs are given when they were read, and begin and end by the clock. What a refusal taught is kept for each upstream, so that
 * a restart knows it; every few seconds the time is counted for which such a pool was at its limit (`learned-limits.ts`).
 *
 * **Invariant**: asking for a limit is one look-up in a map, which is made anew whenever a source changes; packs and refusals of
 * another upstream than the one in use never count.
 */
import type { Pack } from '../account/account.ts';
import type { Clock } from '../clock.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import type { Ms, Product } from '../units.ts';
import { keepLearnedLimits, readLearnedLimits } from './learned-limit-table.ts';
import { LearnedLimits } from './learned-limits.ts';
import { limitsFrom, mayLearn, type Limits, type PoolLimit, type PoolThrottle } from './limits.ts';
import { nextPackChange, packLimits } from './pack-limits.ts';
import type { PoolState } from './slot.ts';

/** How often pools with a learned limit are looked at. */
const LOOK_MS: Ms = 5_000;

/** What the config says of limits. */
export interface LimitSettings {
  /** By pool. */
  concurrency: Readonly<Record<string, number>>;
  tier: { concurrency: number } | null;
  /** False where packs are not read: what is known of them may be old. */
  usesPacks: boolean;
}

export interface AccountLimitsDeps {
  store: Pick<Store, 'read' | 'write'>;
  /** Packs begin and end by its wall clock. */
  clock: Clock;
  settings: () => LimitSettings;
  /** The upstream in use, host and account. */
  upstream: () => string;
  /** The pools as they are used now. */
  pools: () => readonly PoolState[];
  /** Called after any limit changed. */
  onChange: () => void;
  onError: (message: string, error: unknown) => void;
}

export class AccountLimits implements Limits {
  readonly #deps: AccountLimitsDeps;
  readonly #learned = new LearnedLimits();
  readonly #looks: Repeating;
  #byPool: ReadonlyMap<string, PoolLimit> = new Map();
  #packs: readonly Pack[] = [];
  /** The pools that were at their limit at the last look. */
  #wereFull: ReadonlySet<string> = new Set();
  #lookedTick: Ms = 0;
  /** The pools whose tasks that are not ours are counted now. */
  readonly #counted = new Set<string>();

  constructor(deps: AccountLimitsDeps) {
    this.#deps = deps;
    this.#looks = new Repeating({
      clock: deps.clock,
      pass: () => this.#look(),
      onError: (error) => deps.onError('a look at the limits failed', error),
      errorWaitMs: LOOK_MS,
    });
    this.#byPool = this.#compute();
  }

  of(pool: string): PoolLimit | null {
    return this.#byPool.get(pool) ?? null;
  }

  names(): Iterable<string> {
    return this.#byPool.keys();
  }

  noteFull(throttle: PoolThrottle): void {
    if (!mayLearn(throttle.pool, this.of(throttle.pool))) return;
    this.#wereFull = new Set([...this.#wereFull].filter((pool) => pool !== throttle.pool));
    if (this.#learned.refused(throttle, !this.#counted.has(throttle.pool))) this.#keep();
    this.#changed();
    this.#looks.wake(LOOK_MS);
  }

  /** Begins with what was kept for the upstream in use, and with its packs as they were last read. */
  async begin(packs: readonly Pack[]): Promise<void> {
    const { store, upstream } = this.#deps;
    this.#learned.restore(await store.read(readLearnedLimits, { upstream: upstream() }));
    this.#setPacks(packs);
  }

  /** Takes the packs that an upstream lists now; those of another upstream than the one in use are ignored. */
  readonly notePacks = (packs: readonly Pack[], upstream: string): void => {
    if (upstream === this.#deps.upstream()) this.#setPacks(packs);
  };

  /** Takes how many slots of a product tasks use that are not ours; null where that is not known. */
  noteForeign(product: Product, slots: number | null): void {
    if (slots === null) {
      this.#counted.delete(product);
      return;
    }
    this.#counted.add(product);
    if (!this.#learned.countForeign(product, slots)) return;
    this.#keep();
    this.#changed();
  }

  /** Takes the settings of a new config. */
  applyConfig(): void {
    this.#changed();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  #setPacks(packs: readonly Pack[]): void {
    this.#packs = packs;
    this.#changed();
    this.#looks.wake();
  }

  /** Counts how long learned pools are at their limit, and follows packs that begin or end. */
  #look(): Ms | null {
    const { clock, pools } = this.#deps;
    const forMs = clock.monotonic() - this.#lookedTick;
    this.#lookedTick = clock.monotonic();
    const full = new Set(
      pools()
        .filter(isFull)
        .map(({ name }) => name),
    );
    let isRaised = false;
    for (const pool of full) {
      if (this.#wereFull.has(pool)) isRaised = this.#learned.wasFull(pool, forMs) || isRaised;
    }
    this.#wereFull = full;
    if (isRaised) this.#keep();
    this.#changed();
    return this.#nextLookMs();
  }

  #nextLookMs(): Ms | null {
    const now = this.#deps.clock.now();
    const packAt = nextPackChange(this.#packs, now);
    const packMs = packAt === null ? null : packAt - now;
    if (this.#learned.current().size === 0) return packMs;
    return Math.min(LOOK_MS, packMs ?? LOOK_MS);
  }

  /** Makes the limits anew; reports a change. */
  #changed(): void {
    const next = this.#compute();
    const isSame =
      next.size === this.#byPool.size &&
      [...next].every(([pool, { limit, source }]) => {
        const before = this.#byPool.get(pool);
        return before?.limit === limit && before.source === source;
      });
    if (isSame) return;
    this.#byPool = next;
    this.#deps.onChange();
  }

  #compute(): Map<string, PoolLimit> {
    const { clock, settings } = this.#deps;
    const { concurrency, tier, usesPacks } = settings();
    return limitsFrom({
      config: concurrency,
      packs: usesPacks ? packLimits(this.#packs, clock.now()) : {},
      tier: tier?.concurrency ?? null,
      learned: this.#learned.current(),
    });
  }

  /** Keeps what was learned, in the background: a limit that is lost is learned again. */
  #keep(): void {
    const { store, upstream, onError } = this.#deps;
    const kept = { upstream: upstream(), limits: this.#learned.list() };
    store.write(keepLearnedLimits, kept).catch((error: unknown) => {
      onError('a learned limit could not be kept', error);
    });
  }
}

function isFull({ source, limit, inUse, queued }: PoolState): boolean {
  return source === 'learned' && limit !== null && (inUse >= limit || queued > 0);
}
