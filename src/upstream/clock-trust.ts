/**
 * Whether creates may be dated by our clock: a wrong one opens a second day or locks a budget for weeks.
 *
 * Kling's `Date` is the only other clock at hand. While the two differ by more than {@link OFFSET_MS_MAX} creates are
 * refused, until an answer shows that they agree again or an operator accepts the difference as it is. Reads go on, and
 * each of their answers is a new look at Kling's clock.
 */
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';

/** The largest difference that is borne. */
export const OFFSET_MS_MAX = 300_000;

export class ClockTrust {
  readonly #offset: () => Ms | null;
  #acceptedMs: Ms = 0;

  /** @param offset Gives Kling's clock less ours, or null before its first answer. */
  constructor(offset: () => Ms | null) {
    this.#offset = offset;
  }

  /** Accepts the difference that stands now; gives it. A further change of more than five minutes is refused again. */
  accept(): Ms {
    this.#acceptedMs = this.#offset() ?? 0;
    return this.#acceptedMs;
  }

  get isTrusted(): boolean {
    return Math.abs((this.#offset() ?? this.#acceptedMs) - this.#acceptedMs) <= OFFSET_MS_MAX;
  }

  /** @throws SidecarError `clock_untrusted`. */
  check(): void {
    if (this.isTrusted) return;
    const seconds = Math.round((this.#offset() ?? 0) / 1000);
    throw new SidecarError(
      'clock_untrusted',
      `Kling's clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} this machine's: budgets cannot ` +
        'be dated. Set the clock right, or accept the difference with kling-sidecar clock accept --reason TEXT.',
      { detail: { clockOffsetMs: this.#offset() } },
    );
  }
}
