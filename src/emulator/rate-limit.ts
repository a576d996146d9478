/**
 * A limit of requests in a minute, for all keys of the account together.
 *
 * The vendor publishes no rate (kling-api.md, section 8), but has code 1302 for it, and speaks of rates by contract.
 *
 * **Invariant**: at most `perMinute` requests are let through in any minute; a refused request does not count.
 */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import { KlingRefusal } from './replies.ts';

export interface RateLimit {
  /** Counts a request; refuses with 429/1302 if the last minute has no room for it. */
  take(): void;
}

const MINUTE_MS: Ms = 60_000;

/** Makes a limit on the clock itself, not on the ages of tasks; null is no limit. */
export function createRateLimit(clock: Clock, perMinute: number | null): RateLimit {
  let times: Ms[] = [];
  return {
    take() {
      if (perMinute === null) return;
      const now = clock.monotonic();
      times = times.filter((time) => time > now - MINUTE_MS);
      if (times.length >= perMinute) throw new KlingRefusal(1302);
      times.push(now);
    },
  };
}
