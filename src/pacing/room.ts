/** Whether a create may leave now: the rates, the pauses and the slots of its pools, and when that changes by itself. */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import type { Lack } from './fair-queue.ts';
import { Pauses } from './pauses.ts';
import { PoolUse, type ReservedSlots } from './pool-use.ts';
import { Rates } from './rates.ts';
import type { SlotOptions, SlotRequest } from './slot.ts';

/** What a create lacks: the rate of the account or of its app, or room in the pool of its model or product. */
export type Lacking = 'account_rate' | 'app_rate' | 'model' | 'product';

/** Whether others in the queue lack the same. */
export const SHARED: Readonly<Record<Lacking, NonNullable<Lack>>> = {
  account_rate: 'all',
  app_rate: 'app',
  model: 'model',
  product: 'all',
};

export class Room {
  readonly use: PoolUse;
  readonly pauses: Pauses;
  readonly rates: Rates;
  readonly #clock: Clock;
  #options: SlotOptions;

  constructor(options: SlotOptions, clock: Clock, random?: () => number) {
    this.#clock = clock;
    this.use = new PoolUse(clock);
    this.pauses = new Pauses(clock, random);
    this.rates = new Rates(clock);
    this.#options = options;
    this.configure(options);
  }

  get options(): SlotOptions {
    return this.#options;
  }

  configure(options: SlotOptions): void {
    this.#options = options;
    this.rates.setLimit(options.isPaced ? options.requestsPerMinute : null);
    if (!options.isPaced) this.pauses.clear();
  }

  /** Says what a create lacks to leave now; null if it may. */
  lackOf(request: SlotRequest): Lacking | null {
    if (!this.#options.isPaced) return null;
    const now = this.#clock.monotonic();
    if (this.rates.accountDueAt() > now) return 'account_rate';
    if (this.rates.appDueAt(request.app, request.appRequestsPerMinute) > now) return 'app_rate';
    const { product, model, weight } = request;
    // The model first: one that lacks only its model delays no other model.
    if (model !== null && this.#isClosed(model, weight)) return 'model';
    return this.#isClosed(product, weight) ? 'product' : null;
  }

  /** Reserves the slots of a create that leaves now, and counts it in its rates. */
  take(request: SlotRequest, pools: readonly string[]): Taken {
    const { app, appRequestsPerMinute } = request;
    return {
      slots: this.use.reserve(pools, request.weight),
      sentTick: this.rates.noteCreate(app, appRequestsPerMinute),
    };
  }

  /** Gives back what a create took that was not sent. */
  giveBack({ app }: SlotRequest, { slots, sentTick }: Taken): void {
    this.use.free(slots);
    this.rates.forgetCreate(app, sentTick);
  }

  /** Gives the next instant, on the steady clock, at which a create may leave without another's end; infinite if there is none. */
  changesAt(): Ms {
    const ends = this.pauses.names().map((pool) => this.pauses.of(pool)?.until ?? Infinity);
    return Math.min(this.rates.nextDueAt(), ...ends);
  }

  /** Gives the first of some pools that has a limit. */
  limitedOf(pools: readonly string[]): string | null {
    return pools.find((pool) => this.#options.limits.of(pool) !== null) ?? null;
  }

  /** Gives the pool that a create waits for: that of its model if it lacks room there, else its product's. */
  poolLackedBy(request: SlotRequest): string {
    const { product, model } = request;
    return model !== null && this.lackOf(request) === 'model' ? model : product;
  }

  /** Estimates the wait of creates like `request`, by how many are ahead of them. */
  waitsOf(request: SlotRequest, pools: readonly string[]): (ahead: number) => Ms {
    const now = this.#clock.monotonic();
    const { requestsPerMinute, limits } = this.#options;
    const rateMs =
      Math.max(this.rates.accountDueAt(), this.rates.appDueAt(request.app, request.appRequestsPerMinute)) -
      now;
    const pauseMs = this.pauses.leftMs(pools);
    const forecasts = pools.flatMap((pool) => {
      const limit = limits.of(pool)?.limit;
      return limit === undefined ? [] : [this.use.forecast(pool, { product: request.product, limit })];
    });
    const betweenMs = requestsPerMinute === null ? 0 : 60_000 / requestsPerMinute;
    return (ahead) => {
      const slots = (ahead + 1) * request.weight;
      return Math.max(rateMs + ahead * betweenMs, pauseMs, ...forecasts.map((wait) => wait(slots)));
    };
  }

  #isClosed(pool: string, weight: number): boolean {
    if (this.pauses.of(pool) !== null) return true;
    const limit = this.#options.limits.of(pool)?.limit;
    if (limit === undefined) return false;
    const inUse = this.use.inUse(pool);
    return inUse > 0 && inUse + weight > limit;
  }
}

/** What a create took when it left the queue. */
export interface Taken {
  readonly slots: ReservedSlots;
  readonly sentTick: Ms;
}
