/**
 * One attempt to reach Kling: one request on one socket, observed from dispatch to its end.
 *
 * An attempt goes `waiting` (no socket yet) → `sent` (bytes may have left) → `answering` → over. Money depends on whether
 * bytes may have left: only an attempt that ended while waiting provably never reached Kling.
 *
 * **Invariant**: nothing is sent twice: there is no retry, no redirect and no second socket here. Time-outs come
 * from the given clock, not from undici.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { ErrorClass } from '../calls/outcome.ts';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import { describeError, type ConnectFailure, type ConnectionPool } from './pool.ts';
import { TimeLimits } from './time-limits.ts';

/** The longest pause of an answer's body between two chunks. */
export const BODY_IDLE_MS_MAX = 30_000;

/** The request; header lines are name, value, name, value. */
export interface OutboundRequest {
  method: 'GET' | 'HEAD' | 'POST';
  path: string;
  headers: string[];
  body: Uint8Array | null;
}

export interface AnswerHead {
  status: number;
  /** One character for each byte. */
  reason: string;
  /** The received header lines: name, value, name, value. */
  headers: string[];
}

/** Why an attempt brought no complete answer. */
export interface AttemptFailure {
  errorClass: ErrorClass;
  /** Whether a time limit ended it, ours or that of the connection. */
  isLate: boolean;
  /** False only if it is proved that no byte of the request left. */
  sent: boolean;
  /** The failure's own text, at most 200 characters; never a header or a body. */
  cause: string;
}

/** Receives the events; `onHead` and `onChunk` may pause the socket through the attempt. */
export interface AttemptSink {
  onHead(head: AnswerHead): void;
  /** `plain` is the decoded chunk, if the chunk is passed on in a coding. */
  onChunk(chunk: Buffer, plain?: Buffer): void;
  onEnd(): void;
  onFailure(failure: AttemptFailure): void;
}

export interface AttemptOptions {
  pool: ConnectionPool;
  clock: Clock;
  /** From the last request byte to the answer's headers. */
  timeoutMs: Ms;
  /** From dispatch to the answer's headers, including the wait for a socket; null for no bound. */
  deadlineMs: Ms | null;
  /** Whether the deadline includes the answer's last byte: a very slow body would hold its caller for ever. */
  coversBody?: boolean;
}

type Stage = 'waiting' | 'sent' | 'answering' | 'over';

/** Sends a request once and reports the result to the sink. */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #options: AttemptOptions;
  readonly #sink: AttemptSink;
  #stage: Stage = 'waiting';
  #controller: Dispatcher.DispatchController | null = null;
  readonly #limits: TimeLimits;

  constructor(options: AttemptOptions, sink: AttemptSink) {
    this.#options = options;
    this.#sink = sink;
    this.#limits = new TimeLimits(options.clock, () => this.#passLimit());
  }

  /** True once bytes of the request may have left. */
  get sent(): boolean {
    return this.#stage !== 'waiting';
  }

  dispatch(request: OutboundRequest): void {
    const { pool, deadlineMs, timeoutMs } = this.#options;
    if (deadlineMs !== null) this.#limits.begin(deadlineMs, Math.min(timeoutMs, BODY_IDLE_MS_MAX));
    try {
      pool.dispatch(
        {
          method: request.method,
          path: request.path,
          headers: request.headers,
          body: request.body as Buffer | null,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        this,
      );
    } catch (error) {
      pool.release(this);
      this.#fail(error as Error);
    }
  }

  /** Ends the attempt from our side; the sink gets no more events. */
  abandon(): void {
    if (this.#stage === 'over') return;
    this.#finish();
    this.#controller?.abort(new Error('abandoned'));
  }

  /** Stops the socket until {@link resume}: during that time a pause of the body is ours, not Kling's. */
  pause(): void {
    if (this.#stage === 'answering') this.#limits.endStep();
    this.#controller?.pause();
  }

  resume(): void {
    if (this.#stage === 'answering') this.#watchBody();
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#stage === 'over') {
      controller.abort(new Error('given up while waiting for a connection'));
      return;
    }
    this.#stage = 'sent';
  }

  onRequestSent(): void {
    if (this.#stage === 'sent') this.#limits.beginStep(this.#options.timeoutMs);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    parsed: IncomingHttpHeaders,
    reason?: string,
  ): void {
    if (status < 200 || this.#stage === 'over') return;
    this.#stage = 'answering';
    if (this.#options.coversBody !== true) this.#limits.endWhole();
    this.#watchBody();
    this.#sink.onHead({
      status,
      reason: wireText(reason ?? ''),
      headers: headerLines(controller.rawHeaders, parsed),
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stage !== 'answering') return;
    this.#watchBody();
    this.#sink.onChunk(chunk);
  }

  onResponseEnd(): void {
    this.#options.pool.release(this);
    if (this.#stage !== 'answering') return;
    this.#finish();
    this.#sink.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#options.pool.release(this);
    this.#fail(error);
  }

  #watchBody(): void {
    this.#limits.beginStep(BODY_IDLE_MS_MAX);
  }

  /** Gives up: a step took too long, or the whole attempt. */
  #passLimit(): void {
    const isAnswering = this.#stage === 'answering';
    const stepText = isAnswering
      ? `answer stood still for ${BODY_IDLE_MS_MAX} ms`
      : `no answer in ${this.#options.timeoutMs} ms`;
    const cause = this.#limits.isWholeOver ? 'deadline passed' : stepText;
    this.#giveUp(isAnswering ? 'body_timeout' : 'headers_timeout', cause);
  }

  #giveUp(errorClass: ErrorClass, cause: string): void {
    if (this.#stage === 'over') return;
    const sent = this.sent;
    const why: ConnectFailure = sent ? { errorClass, cause } : this.#options.pool.whyWaiting(this);
    this.#finish();
    this.#controller?.abort(new Error(cause));
    this.#sink.onFailure({ ...why, sent, isLate: true });
  }

  #fail(error: Error): void {
    if (this.#stage === 'over') return;
    const stage = this.#stage;
    this.#finish();
    const why: ConnectFailure =
      stage === 'waiting'
        ? this.#options.pool.explain(error)
        : { errorClass: brokenClass(error, stage), cause: describeError(error) };
    const isLate = why.errorClass === 'connect_timeout';
    this.#sink.onFailure({ ...why, sent: stage !== 'waiting', isLate });
  }

  #finish(): void {
    this.#stage = 'over';
    this.#limits.end();
  }
}

const MALFORMED_CODES = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** Gives the class of a failure after bytes may have left. */
function brokenClass(error: Error, stage: Stage): ErrorClass {
  const { code } = error as NodeJS.ErrnoException;
  // Not all of undici's parser errors have a code.
  if (error.name === 'HTTPParserError' || MALFORMED_CODES.has(code ?? '')) return 'malformed';
  return stage === 'answering' ? 'truncated' : 'reset';
}

/** Gives a reason phrase as one character for each byte: undici reads it as UTF-8, and no header may hold more. */
function wireText(reason: string): string {
  return /^[\x20-\x7e]*$/.test(reason) ? reason : Buffer.from(reason).toString('latin1');
}

/**
 * Gives the header lines as they came. `parsed` has the same values as text, by lower-case name: only those of names
 * that came more than once must be read again.
 */
function headerLines(raw: unknown, parsed: IncomingHttpHeaders): string[] {
  if (!Array.isArray(raw)) return [];
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = textOf(raw[i]);
    const value: unknown = parsed[name.toLowerCase()];
    lines.push(name, typeof value === 'string' ? value : textOf(raw[i + 1]));
  }
  return lines;
}

function textOf(part: unknown): string {
  return typeof part === 'string' ? part : Buffer.isBuffer(part) ? part.toString('latin1') : '';
}
