/**
 * The failed attempts at Kling in a row, since the last successful one.
 *
 * A failed attempt had no answer, or one of 500 to 599. An attempt for which this machine had no connection does not
 * count, and an attempt that a caller gave up is never reported here.
 *
 * **Invariant**: advisory, like everything about Kling's health; one answer below 500 ends a streak.
 */
import { isServerError } from '../calls/outcome.ts';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import type { AnswerHead, AttemptFailure } from './attempt.ts';

export interface FailingAttempts {
  failures: number;
  /** When the first of them ended. */
  since: Ms;
  /** The last one's text, such as `HTTP 503` or `connect ECONNREFUSED 203.0.113.7:443`. */
  cause: string;
}

export class FailureStreak {
  readonly #clock: Clock;
  #failing: FailingAttempts | null | 'unknown' = 'unknown';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null if the last attempt succeeded; `unknown` before the first. */
  get failing(): FailingAttempts | null | 'unknown' {
    return this.#failing;
  }

  /** Records an attempt's end. */
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

  /** Forgets the streak: the host has changed. */
  forget(): void {
    this.#failing = 'unknown';
  }
}

function failureCause(failure: AttemptFailure | null): string | null {
  return failure === null || failure.errorClass === 'no_connection' ? null : failure.cause;
}
