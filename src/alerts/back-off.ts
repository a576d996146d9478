/** The wait before a message that was not taken is sent again. */
import { doublingWait, type Doubling } from '../retry.ts';
import type { Ms } from '../units.ts';

const RETRY: Doubling = { firstMs: 5_000, maxMs: 600_000 };
/** The age of a message at its last attempt, and the longest wait that a receiver may ask for. */
export const GIVE_UP_MS: Ms = 86_400_000;
/** The random part of a wait, so that many sidecars do not retry at the same time. */
const JITTER = 0.2;

/**
 * Gives the wait before the next attempt.
 *
 * @param failures the number of earlier failures of the message, 0 or more.
 * @param random from 0 to below 1.
 */
export function retryWait(failures: number, random: number): Ms {
  return Math.round(doublingWait(failures, RETRY) * (1 - JITTER + 2 * JITTER * random));
}
