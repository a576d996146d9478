/**
 * Pauses: pools that send nothing until an instant.
 *
 * Kling's 429 with code 1302 or 1303 is a throttle. One of them is answered by a wait of that create alone; a burst of three
 * within ten seconds says that all of the pool's creates come too fast, so the pool pauses for 30 to 60 seconds (random, so
 * that several sidecars do not come back together).
 */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

/** Throttles within {@link BURST_WITHIN_MS} that make a burst. */
export const BURST_THROTTLES = 3;
export const BURST_WITHIN_MS = 10_000;
/** The shortest and the longest pause after a burst. */
export const BURST_PAUSE_MS = [30_000, 60_000] as const;

/** Why a pool pauses: a burst of throttles, or Kling's own `Retry-After`. */
export type PauseReason = 'burst' | 'retry_after';

export interface Pause {
  /** On the steady clock. */
  readonly until: Ms;
  readonly why: PauseReason;
}

/** The begin of a pause. */
export interface BegunPause {
  readonly pool: string;
  readonly ms: Ms;
  readonly why: PauseReason;
}

export class Pauses {
  /** Gets each pause when it begins; one that becomes longer is no other pause. */
  onBegin: (pause: BegunPause) => void = () => undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #byPool = new Map<string, Pause>();
  readonly #throttledAt = new Map<string, Ms[]>();

  /** @param random gives a number from 0 to 1, as `Math.random` does. */
  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Pauses pools for `ms` from now; a longer pause that is on already goes on. */
  begin(pools: readonly string[], ms: Ms, why: PauseReason): void {
    const until = this.#clock.monotonic() + ms;
    for (const pool of pools) {
      const present = this.of(pool);
      if (present !== null && present.until >= until) continue;
      this.#byPool.set(pool, { until, why });
      if (present === null) this.onBegin({ pool, ms, why });
    }
  }

  /**
   * Counts a throttle of a create, and pauses on a burst.
   * @param pools of the create, the product before the model: the narrowest one with a burst pauses.
   * @returns Whether it paused one.
   */
  noteThrottle(pools: readonly string[]): boolean {
    const now = this.#clock.monotonic();
    for (const pool of pools) {
      const recent = (this.#throttledAt.get(pool) ?? []).filter((at) => at > now - BURST_WITHIN_MS);
      recent.push(now);
      this.#throttledAt.set(pool, recent.slice(-BURST_THROTTLES));
    }
    const pool = pools.findLast((name) => this.#throttledAt.get(name)?.length === BURST_THROTTLES);
    if (pool === undefined) return false;
    this.#throttledAt.delete(pool);
    const [shortest, longest] = BURST_PAUSE_MS;
    this.begin([pool], Math.round(shortest + this.#random() * (longest - shortest)), 'burst');
    return true;
  }

  /** Gives the pause of a pool; null while it sends. */
  of(pool: string): Pause | null {
    if (this.#byPool.size === 0) return null;
    const pause = this.#byPool.get(pool);
    if (pause === undefined) return null;
    if (pause.until > this.#clock.monotonic()) return pause;
    this.#byPool.delete(pool);
    return null;
  }

  /** Gives how long the longest pause of some pools still lasts; 0 without one. */
  leftMs(pools: readonly string[]): Ms {
    const now = this.#clock.monotonic();
    return Math.max(0, ...pools.map((pool) => (this.of(pool)?.until ?? now) - now));
  }

  /** Gives the pools that pause now. */
  names(): string[] {
    return [...this.#byPool.keys()].filter((pool) => this.of(pool) !== null);
  }

  /** Ends all pauses and forgets the throttles. */
  clear(): void {
    this.#byPool.clear();
    this.#throttledAt.clear();
  }
}
