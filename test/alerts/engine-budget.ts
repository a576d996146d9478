/** How a day's budget of 100 credits is spent: 50 %, 80 % and all of it are each reached by one create. */
import type { MilliCredits, Ms } from '../../src/units.ts';

export const SLOT_MS: Ms = 4 * 3_600_000;
/** By slot of the day, from midnight in UTC. */
export const SPENT: readonly MilliCredits[] = [20_000, 20_000, 20_000, 15_000, 10_000, 15_000];
/** How often a day has each of these shares reached. */
export const SHARES: readonly number[] = [0.5, 0.8, 1];
