/**
 * One attempt to reach Kling: one request on one socket, observed from dispatch to its end.
 *
 * An attempt goes `waiting` (no socket yet) → `sent` (bytes may have left) → `answering` → over. Money depends on whether
 * bytes may have left: only an attempt that ended while waiting provably never reached Kling.
 *
 * **Invariant**: nothing is sent twice: there is no retry, no redirect and no second socket here. Time-outs come
 * from the given clock, not from undici.
 */
import type { Dispatcher } from 'undici';
import type { ErrorClass } from '../calls/outcome.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Ms } from '../units.ts';
import { describeError, type ConnectFailure, type ConnectionPool } from './pool.ts';

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
  #timer: Timer | null = null;
  #deadline: Timer | null = null;

  constructor(options: AttemptOptions, sink: AttemptSink) {
    this.#options = options;
    this.#sink = sink;
  }

  /** True once bytes of the request may have left. */
  get sent(): boolean {
    return this.#stage !== 'waiting';
  }

  dispatch(request: OutboundRequest): void {
    const { pool, clock, deadlineMs } = this.#options;
    if (deadlineMs !== null) {
      this.#deadline = clock.after(deadlineMs, () => {
        this.#giveUp(this.#stage === 'answering' ? 'body_timeout' : 'headers_timeout', 'deadline passed');
      });
    }
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
    if (this.#stage === 'answering') this.#timer?.cancel();
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
    if (this.#stage !== 'sent') return;
    const { clock, timeoutMs } = this.#options;
    this.#timer = clock.after(timeoutMs, () =>
      this.#giveUp('headers_timeout', `no answer in ${timeoutMs} ms`),
    );
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason?: string,
  ): void {
    if (status < 200 || this.#stage === 'over') return;
    this.#stage = 'answering';
    if (this.#options.coversBody !== true) this.#deadline?.cancel();
    this.#watchBody();
    this.#sink.onHead({
      status,
      reason: wireText(reason ?? ''),
      headers: headerLines(controller.rawHeaders),
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
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(BODY_IDLE_MS_MAX, () => {
      this.#giveUp('body_timeout', `answer stood still for ${BODY_IDLE_MS_MAX} ms`);
    });
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
    this.#timer?.cancel();
    this.#deadline?.cancel();
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

function headerLines(raw: unknown): string[] {
  if (!Array.isArray(raw)) return [];
  const lines: string[] = Array.from({ length: raw.length });
  for (let i = 0; i < raw.length; i += 1) {
    const part: unknown = raw[i];
    lines[i] = typeof part === 'string' ? part : Buffer.isBuffer(part) ? part.toString('latin1') : '';
  }
  return lines;
}
