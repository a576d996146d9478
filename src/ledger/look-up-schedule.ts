/**
 * When creates in doubt are looked up: 2, 10, 60 and 600 s after the doubt began, then every 600 s. A second send begins the
 * doubt again: its task may appear as late as that of the first.
 *
 * **Invariant**: a look-up releases a hold only at or after 600 s, and only if Kling answers that there is no such task; at 10 s if
 * Kling's answer to the create was a refusal with an unlisted code. A look-up without an answer does not count and is repeated soon. Pure; all times are readings of the clock of ages
 * (age-clock.ts), so that no step of a wall clock makes a doubt older.
 */
import type { Ms } from '../units.ts';

const STEPS_MS = [2000, 10_000, 60_000, 600_000] as const;
/** The age from which Kling's "no such task" ends a doubt, and the time between later look-ups. */
export const DECISIVE_MS = 600_000;
/** The wait before a look-up without an answer is repeated. */
export const RETRY_MS = 15_000;

/** Gives the instant of the first look-up. */
export function firstLookUpAt(doubtFrom: Ms): Ms {
  return doubtFrom + STEPS_MS[0];
}

/** Gives the instant of the next look-up after one that was answered at `at`. */
export function nextLookUpAt(doubtFrom: Ms, at: Ms): Ms {
  const elapsed = Math.max(0, at - doubtFrom);
  const step = STEPS_MS.find((candidate) => candidate > elapsed);
  return at + ((step ?? (Math.floor(elapsed / DECISIVE_MS) + 1) * DECISIVE_MS) - elapsed);
}

/**
 * Gives the beginning of a doubt that begins now. After a refusal with an unlisted code it is dated back, so that the look-up
 * at 10 s is the decisive one: Kling answered, and did not say that it is busy or broken.
 */
export function doubtFromOf(now: Ms, { isRefusal }: { isRefusal: boolean }): Ms {
  return isRefusal ? now - (DECISIVE_MS - STEPS_MS[1]) : now;
}

/** Returns whether "no such task" at this instant ends the doubt. */
export function isDecisive(doubtFrom: Ms, at: Ms): boolean {
  return at - doubtFrom >= DECISIVE_MS;
}
