/**
 * Kling's health by the last attempts: whether it can be reached, and whether it accepts our credentials.
 *
 * Credentials are `refused` after an authentication code of Kling's against which a new token does not help, and `accepted`
 * after any other answer with a code below 500. Each change is reported once.
 *
 * **Invariant**: advisory; no create is refused for it.
 */
import { isServerError, type ErrorClass } from '../calls/outcome.ts';
import type { Clock } from '../clock.ts';
import { AUTHENTICATION_CODES } from '../kling/codes.ts';
import type { Envelope } from '../kling/envelope.ts';
import type { Credentials } from '../kling/token.ts';
import type { Ms } from '../units.ts';
import { FailureStreak, type AttemptResult, type FailingAttempts } from './failure-streak.ts';

export interface RefusedCredentials {
  code: number;
  message: string;
  since: Ms;
}

export interface Unreachable {
  errorClass: ErrorClass;
  /** The failure's own text, such as `getaddrinfo EAI_AGAIN api-singapore.klingai.com`. */
  cause: string;
  since: Ms;
}

/** The end of Kling's last answer. */
export interface LastAnswer {
  at: Ms;
  /** Its HTTP status. */
  status: number;
  /** Kling's own code; null if the answer had none. */
  code: number | null;
}

/** Receives each change once, and every call whose credentials were refused. */
export interface HealthListener {
  onRefusedCall(code: number): void;
  onRefused(refused: RefusedCredentials): void;
  onAccepted(): void;
  onUnreachable(unreachable: Unreachable): void;
  onReachable(): void;
}

/** The end of an attempt, as far as it concerns Kling's health. */
export interface SeenEnd extends AttemptResult {
  path: string;
  envelope: Envelope | null;
}

export class KlingHealth {
  readonly #clock: Clock;
  #listener: HealthListener | null = null;
  #credentials: 'unknown' | 'accepted' | RefusedCredentials = 'unknown';
  #unreachable: Unreachable | null = null;
  #answeredAt: Ms | null = null;
  #answeredStatus = 0;
  #answeredCode: number | null = null;
  readonly #streak: FailureStreak;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#streak = new FailureStreak(clock);
  }

  set listener(listener: HealthListener) {
    this.#listener = listener;
  }

  /** `unknown` before the first answer that shows it. */
  get credentials(): 'unknown' | 'accepted' | RefusedCredentials {
    return this.#credentials;
  }

  get unreachable(): Unreachable | null {
    return this.#unreachable;
  }

  /** Kling's last answer to any call; null before the first since the start. */
  get lastAnswer(): LastAnswer | null {
    if (this.#answeredAt === null) return null;
    return { at: this.#answeredAt, status: this.#answeredStatus, code: this.#answeredCode };
  }

  /** The failed attempts in a row up to now; null if the last one succeeded, `unknown` before the first. */
  get failing(): FailingAttempts | null | 'unknown' {
    return this.#streak.failing;
  }

  /** Forgets credentials, failures and the last answer: credentials or host have changed. */
  forget(): void {
    this.#credentials = 'unknown';
    this.#answeredAt = null;
    this.#streak.forget();
  }

  /** Records an attempt's end. An answer after which a new token may help is not reported here. */
  note(end: SeenEnd, kind: Credentials['kind']): void {
    this.#noteReach(end);
    this.#streak.note(end);
    const code = end.envelope?.code ?? null;
    if (end.head !== null) {
      this.#answeredAt = this.#clock.now();
      this.#answeredStatus = end.head.status;
      this.#answeredCode = code;
    }
    // Kling answers 1002 to a key pair on paths that accept only API keys: the pair may be right.
    if (end.head === null || code === null || (kind === 'ak_sk' && !end.path.startsWith('/v1/'))) return;
    if (end.head.status === 401 && AUTHENTICATION_CODES.has(code)) {
      this.#refused(code, end.envelope?.message ?? '');
    } else if (end.head.status !== 401 && !isServerError(end.head.status)) this.#accepted();
  }

  #refused(code: number, message: string): void {
    this.#listener?.onRefusedCall(code);
    const known = this.#credentials;
    if (typeof known === 'object' && known.code === code) return;
    const refused = { code, message: message.slice(0, 200), since: this.#clock.now() };
    this.#credentials = refused;
    this.#listener?.onRefused(refused);
  }

  #accepted(): void {
    const wasRefused = typeof this.#credentials === 'object';
    this.#credentials = 'accepted';
    if (wasRefused) this.#listener?.onAccepted();
  }

  #noteReach({ head, failure }: SeenEnd): void {
    if (head !== null) {
      const wasUnreachable = this.#unreachable !== null;
      this.#unreachable = null;
      if (wasUnreachable) this.#listener?.onReachable();
      return;
    }
    if (failure === null || failure.sent || failure.errorClass === 'no_connection') return;
    const { errorClass, cause } = failure;
    const known = this.#unreachable;
    if (known?.errorClass === errorClass) {
      known.cause = cause;
      return;
    }
    this.#unreachable = { errorClass, cause, since: known?.since ?? this.#clock.now() };
    this.#listener?.onUnreachable(this.#unreachable);
  }
}
