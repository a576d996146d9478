/**
 * Whose fault an unreachable Kling is, by what an independent address answered at that moment.
 *
 * **Invariant**: a check is made only after a failure and at most every {@link CHECK_EVERY_MS}. `local` is said only
 * where the same check is known to have worked within {@link CHECK_TRUST_MS}: a network on which it never works
 * proves nothing. An operator's correction stands above a check, and is kept with its source.
 */
import type { Ms } from '../units.ts';
import type { Blame } from './counts.ts';

/** The least time between two checks, and how old a check may be to speak for a failure. */
export const CHECK_EVERY_MS: Ms = 30_000;
/** How long after an attempt's end its check may begin, and how far the two clock readings may differ. */
export const CHECK_DELAY_MS: Ms = 2000;
/** How long an earlier success shows that the check works from here at all. */
export const CHECK_TRUST_MS: Ms = 3_600_000;

/** One look at the independent addresses. */
export interface ControlCheck {
  at: Ms;
  /** Whether at least one address accepted a connection. */
  reached: boolean;
  /** What was asked and what came of it, one entry an address. */
  detail: { target: string; reached: boolean; cause: string | null }[];
}

/** Says who is to blame, from a check and the instant of the last success before it (null for none known). */
export function blameFrom(check: Pick<ControlCheck, 'at' | 'reached'>, lastReachedAt: Ms | null): Blame {
  if (check.reached) return 'upstream';
  const isTrusted = lastReachedAt !== null && check.at - lastReachedAt <= CHECK_TRUST_MS;
  return isTrusted ? 'local' : 'unknown';
}
