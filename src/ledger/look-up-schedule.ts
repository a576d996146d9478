/**
 * When creates in doubt are looked up: 2, 10, 60 and 600 s after the doubt began, then every 600 s.
 *
 * **Invariant**: a hold is released by a look-up only at or after the 600 s one, and only on Kling's word that there
 * is no such task. A look-up that Kling did not answer counts for nothing and is repeated soon. Pure.
 */
import type { Ms } from '../units.ts';

const STEPS_MS = [2000, 10_000, 60_000, 600_000] as const;
/** From here on, and every so often, Kling's "no such task" ends the doubt. */
export const DECISIVE_MS = 600_000;
/** How soon a look-up that Kling did not answer is tried again. */
export const RETRY_MS = 15_000;

/** Gives the instant of the first look-up. */
export function firstLookUpAt(doubtSince: Ms): Ms {
  return doubtSince + STEPS_MS[0];
}

/** Gives the instant of the look-up after one that was answered at `at`. A clock set back counts as no time passed. */
export function nextLookUpAt(doubtSince: Ms, at: Ms): Ms {
  const elapsed = Math.max(0, at - doubtSince);
  const step = STEPS_MS.find((candidate) => candidate > elapsed);
  return at + ((step ?? (Math.floor(elapsed / DECISIVE_MS) + 1) * DECISIVE_MS) - elapsed);
}

/** Tells whether "no such task" at this instant is Kling's last word. */
export function isDecisive(doubtSince: Ms, at: Ms): boolean {
  return at - doubtSince >= DECISIVE_MS;
}
