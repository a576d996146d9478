/** When a message that was not taken is sent again. */
import type { Ms } from '../units.ts';

/** The wait after a first failure; doubled after each further one. */
const RETRY_MS: Ms = 5_000;
const RETRY_MS_MAX: Ms = 600_000;
/** A message is tried for the last time this long after it was made; what a receiver asks to wait is obeyed up to this. */
export const GIVE_UP_MS: Ms = 86_400_000;
/** The share by which a wait is made longer or shorter, so that many sidecars do not come back together. */
const JITTER = 0.2;

/**
 * Gives the wait before the next attempt.
 *
 * @param failures how often the message failed before this time, 0 or more.
 * @param random from 0 to below 1.
 */
export function retryWait(failures: number, random: number): Ms {
  const usual = Math.min(RETRY_MS * 2 ** Math.min(failures, 20), RETRY_MS_MAX);
  return Math.round(usual * (1 - JITTER + 2 * JITTER * random));
}
