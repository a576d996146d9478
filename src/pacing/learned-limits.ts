/**
 * Limits that Kling's refusals for concurrency teach, one for each pool.
 *
 * A 1303 with N slots in use teaches N without the slots of the refused create. Such a limit may be too low: a task that is not
 * ours took a slot, or the account got a larger pack. So it is tried upward: after a quiet time, during which the pool was at
 * its limit and Kling refused nothing, one slot more is allowed. A 1303 during the try takes the slot back and doubles the
 * quiet time; a whole quiet time at the raised limit confirms it, and the next slot is tried.
 *
 * **Invariant**: a limit is at least 1; only a refusal lowers it, only a quiet time raises it, by one. Pure: knows no clock, no
 * store and no config.
 */
import type { Ms } from '../units.ts';
import type { PoolThrottle } from './limits.ts';

/** The quiet time before the first try. */
export const QUIET_MS_MIN: Ms = 300_000;
/** A quiet time is doubled to this at most. */
export const QUIET_MS_MAX: Ms = 3_600_000;

/** What is kept over a restart. */
export interface LearnedLimit {
  pool: string;
  /** Without the slot that is tried. */
  limit: number;
  /** The quiet time before the next try. */
  quietMs: Ms;
}

interface Learning {
  limit: number;
  quietMs: Ms;
  /** Whether one slot more is allowed now. */
  isTrying: boolean;
  /** How long the pool was at its limit since the last refusal or raise. */
  fullMs: Ms;
  /** Whether it was learned without the slots of tasks that are not ours. */
  isOwnOnly: boolean;
}

export class LearnedLimits {
  readonly #byPool = new Map<string, Learning>();

  /** Gives the limits in force, by pool: with the slot that is tried. */
  current(): Map<string, number> {
    return new Map(
      [...this.#byPool].map(([pool, { limit, isTrying }]) => [pool, isTrying ? limit + 1 : limit]),
    );
  }

  /** Lists what is to be kept over a restart. */
  list(): LearnedLimit[] {
    return [...this.#byPool].map(([pool, { limit, quietMs }]) => ({ pool, limit, quietMs }));
  }

  /** Replaces everything by what was kept. */
  restore(kept: readonly LearnedLimit[]): void {
    this.#byPool.clear();
    for (const { pool, limit, quietMs } of kept) {
      this.#byPool.set(pool, { limit, quietMs, isTrying: false, fullMs: 0, isOwnOnly: false });
    }
  }

  /**
   * Learns from a refusal for concurrency; `isOwnOnly` says that tasks that are not ours were not counted. Returns whether
   * anything is to be kept anew.
   */
  refused(throttle: PoolThrottle, isOwnOnly = false): boolean {
    const { pool } = throttle;
    const taught = taughtBy(throttle);
    const known = this.#byPool.get(pool);
    if (!known) {
      const quietMs = QUIET_MS_MIN;
      this.#byPool.set(pool, { limit: taught, quietMs, isTrying: false, fullMs: 0, isOwnOnly });
      return true;
    }
    const before = { ...known };
    if (known.isTrying) known.quietMs = Math.min(QUIET_MS_MAX, known.quietMs * 2);
    known.limit = Math.min(known.limit, taught);
    known.isTrying = false;
    known.fullMs = 0;
    return known.limit !== before.limit || known.quietMs !== before.quietMs;
  }

  /**
   * Adds the slots of tasks that are not ours, once they are counted, to a limit that was learned without them: they were in use
   * when Kling refused. Returns whether the limit changed.
   */
  countForeign(pool: string, slots: number): boolean {
    const known = this.#byPool.get(pool);
    if (!known?.isOwnOnly) return false;
    known.isOwnOnly = false;
    known.limit += slots;
    return slots > 0;
  }

  /**
   * Adds time during which a pool was at its limit and nothing was refused. Returns whether its limit changed.
   */
  wasFull(pool: string, forMs: Ms): boolean {
    const known = this.#byPool.get(pool);
    if (!known) return false;
    known.fullMs += forMs;
    if (known.fullMs < known.quietMs) return false;
    known.fullMs = 0;
    if (known.isTrying) {
      known.limit += 1;
      known.quietMs = QUIET_MS_MIN;
    }
    known.isTrying = true;
    return true;
  }
}

/**
 * Gives the limit that a refusal teaches. Where nothing else was in use, only the refused create itself was too large: one slot
 * less than it needs is allowed then.
 */
function taughtBy({ inUse, weight }: PoolThrottle): number {
  const others = inUse - weight;
  return Math.max(1, others > 0 ? others : inUse - 1);
}
