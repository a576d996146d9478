/**
 * Whose fault an unreachable Kling is, by what independent addresses and names answered at that moment.
 *
 * A TCP connection to an address speaks for a failed connection. For a name that was not resolved only another name
 * speaks, which must resolve while the network works. For a failed TLS handshake nothing speaks: unknown.
 *
 * **Invariant**: a check is made only after a failure and at most every {@link CHECK_EVERY_MS}. `local` is said only
 * where the same check is known to have worked within {@link CHECK_TRUST_MS}: a network on which it never works
 * proves nothing. An operator's correction overrides a check, and is kept with its source.
 */
import type { Blame, Proof } from '../calls/outcome.ts';
import type { Ms } from '../units.ts';

/** The least time between two checks, and how old a check may be to speak for a failure. */
export const CHECK_EVERY_MS: Ms = 30_000;
/** How long after an attempt's end its check may begin, and how far the two clock readings may differ. */
export const CHECK_DELAY_MS: Ms = 2000;
/** How long an earlier success shows that the check works from here at all. */
export const CHECK_TRUST_MS: Ms = 3_600_000;

/** One look at the independent addresses and names. */
export interface ControlCheck {
  at: Ms;
  /** Whether at least one of them accepted a connection. */
  reached: boolean;
  /** Whether at least one name resolved; null where none was asked for. */
  resolved: boolean | null;
  /** What was asked and what came of it, one entry each. */
  detail: { target: string; reached: boolean; cause: string | null }[];
}

/** The instants of the last checks before one that reached an address, and that resolved a name; null for none. */
export interface LastWorking {
  reachedAt: Ms | null;
  resolvedAt: Ms | null;
}

/** Says who is to blame for a failure, from a check and the last ones before it that worked. */
export function blameFrom(
  check: Pick<ControlCheck, 'at' | 'reached' | 'resolved'>,
  proof: Proof,
  last: LastWorking,
): Blame {
  if (proof === 'none' || (proof === 'name' && check.resolved === null)) return 'unknown';
  if (check.reached && (proof === 'address' || check.resolved === true)) return 'upstream';
  const workedAt = proof === 'name' ? last.resolvedAt : last.reachedAt;
  return workedAt !== null && check.at - workedAt <= CHECK_TRUST_MS ? 'local' : 'unknown';
}
