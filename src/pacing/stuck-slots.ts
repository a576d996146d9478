/**
 * Slots of tasks that are stuck: after the age of its operation (`tasks/stuck-limits.ts`) a task stops counting, since it may have ended without a sign of it.
 * Whether it still runs is decided by Kling, which refuses what is too much with code 1303.
 */
import type { Clock } from '../clock.ts';
import { Repeating } from '../repeating.ts';
import { stuckRange, type StuckLimits } from '../tasks/stuck-limits.ts';
import type { Ms } from '../units.ts';
import type { Slots } from './slots.ts';

/** The longest time between two looks; short limits are looked at more often. */
const LOOK_MS_MAX: Ms = 10_000;
const LOOKS_IN_LIMIT = 10;

export interface StuckSlotsDeps {
  clock: Clock;
  slots: Pick<Slots, 'freeStuck'>;
  stuck: () => StuckLimits;
  onError: (message: string, error: unknown) => void;
}

export class StuckSlots {
  readonly #looks: Repeating;

  constructor({ clock, slots, stuck, onError }: StuckSlotsDeps) {
    this.#looks = new Repeating({
      clock,
      pass() {
        const limits = stuck();
        slots.freeStuck(limits);
        return Math.min(LOOK_MS_MAX, stuckRange(limits).leastMs / LOOKS_IN_LIMIT);
      },
      onError: (error) => onError('a look for stuck tasks failed', error),
      errorWaitMs: LOOK_MS_MAX,
    });
  }

  start(): void {
    this.#looks.wake();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }
}
