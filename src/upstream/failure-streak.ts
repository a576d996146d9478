/**
 * The attempts at Kling that failed one after the other, since the last that did not.
 *
 * A failed attempt brought no answer, or one of 500 to 599. An attempt for which this machine had no connection says
 * nothing, and one that a caller gave up is never handed in.
 *
 * **Invariant**: advisory, like all that is known of Kling's health; one answer below 500 ends a streak.
 */
import { isServerError } from '../calls/outcome.ts';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import type { AnswerHead, AttemptFailure } from './attempt.ts';

export interface FailingAttempts {
  failures: number;
  /** When the first of them ended. */
  since: Ms;
  /** The last one's words, such as `HTTP 503` or `connect ECONNREFUSED 203.0.113.7:443`. */
  cause: string;
}

export class FailureStreak {
  readonly #clock: Clock;
  #failing: FailingAttempts | null | 'unknown' = 'unknown';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null where the last attempt was well; `unknown` before the first. */
  get failing(): FailingAttempts | null | 'unknown' {
    return this.#failing;
  }

  /** Takes note of an attempt's end. */
  note({ head, failure }: { head: AnswerHead | null; failure: AttemptFailure | null }): void {
    if (head !== null && !isServerError(head.status)) {
      this.#failing = null;
      return;
    }
    const cause = head === null ? failureCause(failure) : `HTTP ${head.status}`;
    if (cause === null) return;
    const before = this.#failing === 'unknown' ? null : this.#failing;
    const { failures, since } = before ?? { failures: 0, since: this.#clock.now() };
    this.#failing = { failures: failures + 1, since, cause };
  }

  /** Forgets the streak: the host is another one. */
  forget(): void {
    this.#failing = 'unknown';
  }
}

function failureCause(failure: AttemptFailure | null): string | null {
  return failure === null || failure.errorClass === 'no_connection' ? null : failure.cause;
}
