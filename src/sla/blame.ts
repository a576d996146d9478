/**
 * Whose fault an unreachable Kling is: independent addresses and names that answer at that moment show it.
 *
 * For a failed connection, the proof is a TCP connection to an independent address. For a name that was not resolved,
 * the proof is another name that resolves while the network works. For a failed TLS handshake there is no proof: unknown.
 *
 * **Invariant**: a check is made only after a failure and at most every {@link CHECK_EVERY_MS}. The blame is `local` only
 * if the same check worked within {@link CHECK_TRUST_MS}: a network on which it never works proves nothing. An
 * operator's correction overrides a check and is kept with its source.
 */
import type { Blame, Proof } from '../calls/outcome.ts';
import type { Ms } from '../units.ts';

/** The least time between two checks, and the highest age of a check that counts for a failure. */
export const CHECK_EVERY_MS: Ms = 30_000;
/** How long after an attempt's end its check may begin, and the highest difference between the two instants. */
export const CHECK_DELAY_MS: Ms = 2000;
/** How long an earlier success shows that the check can work from here. */
export const CHECK_TRUST_MS: Ms = 3_600_000;

/** One look at the independent addresses and names. */
export interface ControlCheck {
  at: Ms;
  /** Whether at least one of them accepted a connection. */
  reached: boolean;
  /** Whether at least one name resolved; null if none was looked up. */
  resolved: boolean | null;
  /** The addresses and names with their results, one entry each. */
  detail: { target: string; reached: boolean; cause: string | null }[];
}

/** The instants of the last checks before one that reached an address, and that resolved a name; null for none. */
export interface LastWorking {
  reachedAt: Ms | null;
  resolvedAt: Ms | null;
}

/** Gives the blame for a failure, from a check and the last successful ones before it. */
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
