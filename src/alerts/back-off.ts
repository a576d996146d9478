/** When a message that was not taken is sent again. */
import { doublingWait, type Doubling } from '../retry.ts';
import type { Ms } from '../units.ts';

const RETRY: Doubling = { firstMs: 5_000, maxMs: 600_000 };
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
  return Math.round(doublingWait(failures, RETRY) * (1 - JITTER + 2 * JITTER * random));
}
