/**
 * The failed attempts at Kling in a row, since the last successful one.
 *
 * A failed attempt had no answer, or one of 500 to 599. An attempt for which this machine had no connection does not
 * count, and an attempt that a caller gave up is never reported here.
 *
 * **Invariant**: one answer below 500 ends a streak. What counts as a failure of Kling's is decided here alone.
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

/** The end of an attempt: its answer's head, or its failure. */
export interface AttemptResult {
  head: AnswerHead | null;
  failure: AttemptFailure | null;
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
  note(end: AttemptResult): void {
    const judged = judgeAttempt(end);
    if (judged === 'answered') this.#failing = null;
    if (typeof judged === 'string') return;
    const before = this.#failing === 'unknown' ? null : this.#failing;
    const { failures, since } = before ?? { failures: 0, since: this.#clock.now() };
    this.#failing = { failures: failures + 1, since, cause: judged.cause };
  }

  /** Forgets the streak: the host has changed. */
  forget(): void {
    this.#failing = 'unknown';
  }
}

/** Judges an attempt's end: Kling answered, Kling failed for a cause, or it shows nothing about Kling. */
export function judgeAttempt({ head, failure }: AttemptResult): 'answered' | 'unclear' | { cause: string } {
  if (head !== null) return isServerError(head.status) ? { cause: `HTTP ${head.status}` } : 'answered';
  if (failure === null || failure.errorClass === 'no_connection') return 'unclear';
  return { cause: failure.cause };
}
