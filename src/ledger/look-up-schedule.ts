/**
 * When creates in doubt are looked up: 2, 10, 60 and 600 s after the doubt began, then every 600 s.
 *
 * **Invariant**: a hold is released by a look-up only at or after the 600 s one, and only on Kling's word that there
 * is no such task. A look-up that Kling did not answer counts for nothing and is repeated soon. Pure; all times are readings
 * of the clock of ages (age-clock.ts), so that no step of a wall clock makes a doubt older.
 */
import type { Ms } from '../units.ts';

const STEPS_MS = [2000, 10_000, 60_000, 600_000] as const;
/** From here on, and every so often, Kling's "no such task" ends the doubt. */
export const DECISIVE_MS = 600_000;
/** How soon a look-up that Kling did not answer is tried again. */
export const RETRY_MS = 15_000;

/** Gives when the first look-up is due. */
export function firstLookUpAt(doubtFrom: Ms): Ms {
  return doubtFrom + STEPS_MS[0];
}

/** Gives when the look-up after one that was answered at `at` is due. */
export function nextLookUpAt(doubtFrom: Ms, at: Ms): Ms {
  const elapsed = Math.max(0, at - doubtFrom);
  const step = STEPS_MS.find((candidate) => candidate > elapsed);
  return at + ((step ?? (Math.floor(elapsed / DECISIVE_MS) + 1) * DECISIVE_MS) - elapsed);
}

/** Tells whether "no such task" at this instant is Kling's last word. */
export function isDecisive(doubtFrom: Ms, at: Ms): boolean {
  return at - doubtFrom >= DECISIVE_MS;
}
