/**
 * All requests to Kling go through this module: it signs a request, sends it once, reports its end, and makes its journal record.
 *
 * **Invariant**: the key goes to the pool's origin and nowhere else; a create is sent once, and once more only
 * if Kling answered 401 because the token is early or expired (1003, 1004), which proves that nothing was
 * made. This module never decides about money: callers journal the records that it returns.
 */
import type { CallEvidence, CallRecord } from '../calls/call.ts';
import { isServerError, outcomeOf } from '../calls/outcome.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../ids.ts';
import { RESIGN_CODES } from '../kling/codes.ts';
import type { Envelope } from '../kling/envelope.ts';
import type { AttemptSpan, Span } from '../telemetry/tracing.ts';
import type { Ms } from '../units.ts';
import type { AnswerHead, AttemptFailure, AttemptSink, OutboundRequest } from './attempt.ts';
import type { AttemptResult } from './failure-streak.ts';
import { headerOf } from './headers.ts';
import { KlingClock } from './kling-clock.ts';
import { KlingHealth, type SeenEnd } from './kling-health.ts';
import { Line, type LineOptions } from './line.ts';
import { OwnSecrets } from './own-secrets.ts';
import { ReadAttempt } from './read-attempt.ts';
import { readEnvelopeOf, readWhole, type Answer } from './whole-answer.ts';

/** The fields of a record that do not depend on the call's end. */
export interface CallContext {
  requestId: string;
  app: string;
  tag: string | null;
  route: string;
  holdId: string | null;
  origin: 'app' | 'sidecar';
  /** Time already spent in the sidecar for this request, for `overheadMs`. */
  overheadMs: Ms;
}

/** A buffered exchange: exactly one of answer and failure, and a record for each attempt. */
export interface Exchange {
  answer: Answer | null;
  failure: AttemptFailure | null;
  /** Of the answer, or of one whose body broke off. */
  head: AnswerHead | null;
  calls: CallRecord[];
  upstreamMs: Ms;
  /** The upstream with its credentials. */
  line: Pick<Line, 'host' | 'account' | 'fingerprint'>;
}

export interface ExchangeOptions {
  context: CallContext;
  /** The line to send it on, in use by the caller; the one in place by default. */
  line?: Line;
  /** The number of the first attempt, if earlier exchanges of the same request made some; 1 by default. */
  firstAttempt?: number;
  /** Kept under `upstream.timeoutMs`. */
  timeoutMs?: Ms;
  /** From now to the answer's last byte, including a second attempt; twice the time-out by default. */
  deadlineMs?: Ms;
  /** A second attempt is made only if more than this of the deadline is left; with infinity never. */
  repeatMsMin?: Ms;
  /** The parent span of the attempts; null with tracing off. */
  trace?: Span | null;
}

/** The end of an attempt, with what it was. */
export interface NotedEnd extends SeenEnd {
  kind: 'create' | 'read';
  startedAt: Ms;
}

/** Receives the ends of attempts on the present line that show something about Kling. */
export type EndListener = (end: AttemptResult & Pick<NotedEnd, 'kind' | 'startedAt'>) => void;

export interface UpstreamOptions extends LineOptions {
  clock: Clock;
}

export class Upstream {
  readonly #clock: Clock;
  #line: Line;
  readonly #secrets = new OwnSecrets();
  /** Lines that a reload replaced: some may still have running requests. */
  readonly #oldLines = new Set<Line>();
  /** Kling's clock by its answers. */
  readonly klingClock: KlingClock;
  /** Whether it can be reached, and accepts our credentials. */
  readonly health: KlingHealth;
  #answers = 0;
  #failing = false;
  #isEnding = false;
  #onRecovery: () => void = () => {};
  #onEnd: EndListener = () => {};

  constructor(options: UpstreamOptions) {
    this.#clock = options.clock;
    this.#line = new Line(options);
    this.klingClock = new KlingClock(options.clock);
    this.health = new KlingHealth(options.clock);
  }

  /** The number of answers, of all hosts. */
  get answers(): number {
    return this.#answers;
  }

  /** The use of the connections: those of creates and of the sidecar itself, and those of callers' reads. */
  get connections(): { lane: 'creates' | 'reads'; inUse: number; waiting: number }[] {
    const { pool, readPool } = this.#line;
    return [
      { lane: 'creates', ...pool.load },
      { lane: 'reads', ...readPool.load },
    ];
  }

  get host(): string {
    return this.#line.host;
  }

  /** The present line. A request is signed and sent with it only between its `use` and its `release`. */
  get line(): Line {
    return this.#line;
  }

  /** Sets the function to call when an answer arrives after a time without any. */
  set onRecovery(callback: () => void) {
    this.#onRecovery = callback;
  }

  /** Sets the function that gets the end of each attempt which {@link health} gets too. */
  set onEnd(listener: EndListener) {
    this.#onEnd = listener;
  }

  /** Sends a request whose answer is small, and reads the whole of it; on the present line, or on one that is in use. */
  async exchange(request: OutboundRequest, options: ExchangeOptions): Promise<Exchange> {
    const line = (options.line ?? this.#line).use();
    try {
      return await this.#exchange(line, request, options);
    } finally {
      line.release();
    }
  }

  async #exchange(line: Line, request: OutboundRequest, options: ExchangeOptions): Promise<Exchange> {
    const { firstAttempt = 1 } = options;
    const first = await this.#once(line, request, options, firstAttempt);
    const code = first.answer?.envelope?.code;
    if (first.answer?.status !== 401 || code == null || !RESIGN_CODES.has(code)) return first;
    const { deadlineMs = Infinity, repeatMsMin = 0 } = options;
    const leftMs = deadlineMs - first.upstreamMs;
    if (leftMs <= repeatMsMin) return first;
    await line.tokens.resign();
    const again = leftMs === Infinity ? options : { ...options, deadlineMs: leftMs };
    const second = await this.#once(line, request, again, firstAttempt + 1);
    return {
      ...second,
      calls: [...first.calls, ...second.calls],
      upstreamMs: first.upstreamMs + second.upstreamMs,
    };
  }

  /**
   * Adds a line's Authorization to header lines, and asks for an answer that is not compressed; a promise only while a token is
   * being made.
   */
  sign(headers: readonly string[], { tokens }: Line): string[] | Promise<string[]> {
    const made = tokens.authorization();
    return typeof made === 'string'
      ? this.#signed(headers, made)
      : made.then((authorization) => this.#signed(headers, authorization));
  }

  #signed(headers: readonly string[], authorization: string): string[] {
    this.#secrets.sent(authorization);
    return [...headers, 'accept-encoding', 'identity', 'authorization', authorization];
  }

  /** Makes an attempt on a line for a caller that streams the answer itself. */
  attempt(
    { readPool: pool, timeoutMs }: Line,
    sink: AttemptSink,
    acceptEncoding: string | null,
  ): ReadAttempt {
    const options = { pool, clock: this.#clock, timeoutMs, deadlineMs: timeoutMs * 2, acceptEncoding };
    return new ReadAttempt({ ...options, secrets: this.#secrets }, sink);
  }

  /** Reads Kling's envelope from a decoded body; null if there is none. */
  readEnvelope(headers: readonly string[], body: Buffer): Envelope | null {
    return readEnvelopeOf(headers, body, this.#secrets);
  }

  /** Records the data of an answer's head: the peer's clock, and that there is an answer. */
  noteHead(head: AnswerHead, line: Line): void {
    // An old line may have another host, with another clock.
    if (line === this.#line) {
      this.#answers += 1;
      const date = dateOf(head);
      if (date !== null) {
        this.klingClock.note(date);
        line.tokens.setClockOffset(this.klingClock.offsetMs ?? 0);
      }
    }
    if (isServerError(head.status)) this.#failing = true;
    else if (this.#failing) {
      this.#failing = false;
      this.#onRecovery();
    }
  }

  /** Records how an attempt ended; `mayBeCured`: it is sent once more if Kling answers that its token is early or expired. */
  noteEnd(end: NotedEnd, { line, mayBeCured }: { line: Line; mayBeCured: boolean }): void {
    // The end of an attempt on an old line does not concern the present one.
    if (line !== this.#line) return;
    if (end.failure) this.#failing = true;
    const code = end.envelope?.code ?? null;
    const { kind } = line.tokens;
    const isCurable = mayBeCured && kind === 'ak_sk' && code !== null && RESIGN_CODES.has(code);
    if (isCurable || this.#isEnding) return;
    this.health.note(end, kind);
    this.#onEnd(end);
  }

  /** Uses another line from now on; running requests end on the old one. */
  change(options: LineOptions): void {
    const old = this.#line;
    this.#line = new Line(options);
    if (old.host !== options.host) this.klingClock.forget();
    this.health.forget();
    for (const line of this.#oldLines) if (line.isClosed) this.#oldLines.delete(line);
    this.#oldLines.add(old);
    old.retire();
  }

  /** Ends all running requests: from now on a request without an answer is not a failure of Kling's. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all([this.#line, ...this.#oldLines].map((line) => line.destroy()));
  }

  /** Begins the span of an attempt; null with tracing off. A path that is not one of our templates is left out. */
  trace(
    trace: Span | null,
    { method, path }: Pick<OutboundRequest, 'method' | 'path'>,
    { line, route, attempt }: { line: Line; route: string; attempt: number },
  ): AttemptSpan | null {
    if (trace === null) return null;
    const known = route === 'unmatched' ? null : (path.split('?', 1)[0] ?? '');
    return trace.attempt({ method, route, origin: line.origin, path: known, attempt });
  }

  /** Makes the journal record of one attempt. */
  record(context: CallContext, sent: OutboundRequest, end: AttemptEnd): CallRecord {
    const clock = this.#clock;
    const status = end.head?.status ?? null;
    const errorClass = end.failure?.errorClass ?? null;
    return {
      id: newId('call', clock.now()),
      requestId: context.requestId,
      at: end.startedAt,
      app: context.app,
      tag: context.tag,
      method: sent.method,
      route: context.route,
      host: end.line.host,
      status,
      code: end.envelope?.code ?? null,
      klingRequestId: end.envelope?.requestId ?? null,
      taskId: null,
      holdId: context.holdId,
      attempt: end.attempt,
      outcome: outcomeOf({ status, errorClass: this.#isEnding ? null : errorClass }),
      errorClass,
      durationMs: end.durationMs,
      overheadMs: context.overheadMs,
      bytesSent: sent.body?.length ?? 0,
      bytesReceived: end.bytesReceived,
      clockOffsetMs: end.head ? clockOffset(end.head, end.startedAt + Math.round(end.durationMs)) : null,
      origin: context.origin,
      evidence: evidenceOf(end),
    };
  }

  async #once(
    line: Line,
    request: OutboundRequest,
    options: ExchangeOptions,
    attempt: number,
  ): Promise<Exchange> {
    const { trace = null, context } = options;
    const span = this.trace(trace, request, { line, route: context.route, attempt });
    const headers = await this.sign(span?.carriedBy(request.headers) ?? request.headers, line);
    const signed = { ...request, headers };
    const clock = this.#clock;
    const { pool } = line;
    const startedAt = clock.now();
    const startedTick = clock.monotonic();
    const timeoutMs = Math.min(options.timeoutMs ?? Infinity, line.timeoutMs);
    const deadlineMs = options.deadlineMs ?? timeoutMs * 2;
    const limits = { pool, clock, timeoutMs, deadlineMs, coversBody: true };
    const end = await readWhole(limits, signed, this.#secrets);
    const durationMs = clock.monotonic() - startedTick;
    if (end.head) this.noteHead(end.head, line);
    const { answer, failure, head } = end;
    const envelope = answer?.envelope ?? null;
    const mayBeCured = attempt === (options.firstAttempt ?? 1) && options.repeatMsMin !== Infinity;
    // The sidecar itself only reads; callers' reads are streamed, and never come here.
    const kind = context.origin === 'app' ? 'create' : 'read';
    const noted = { path: request.path, kind, head, envelope, failure, startedAt } as const;
    this.noteEnd(noted, { line, mayBeCured });
    const record = this.record(context, request, {
      line,
      head,
      envelope,
      failure,
      bytesReceived: end.bytesReceived,
      isAborted: false,
      startedAt,
      durationMs,
      attempt,
    });
    span?.end(record);
    return { answer, failure, head, calls: [record], upstreamMs: durationMs, line };
  }
}

/** How an attempt ended, for its record. */
export interface AttemptEnd {
  line: Line;
  head: AnswerHead | null;
  envelope: Envelope | null;
  failure: AttemptFailure | null;
  bytesReceived: number;
  /** The caller went away and we stopped reading. */
  isAborted: boolean;
  startedAt: Ms;
  durationMs: Ms;
  attempt: number;
}

/** The parts of a 5xx or a failure that are kept for claims. */
function evidenceOf(end: AttemptEnd): CallEvidence | null {
  const isError = end.failure !== null || (end.head !== null && isServerError(end.head.status));
  if (!isError) return null;
  const of = (name: string): string | null => (end.head ? headerOf(end.head.headers, name) : null);
  return { date: of('date'), server: of('server'), via: of('via'), cause: end.failure?.cause ?? null };
}

let lastDate = '';
let lastDateAt = NaN;

/** Kling's `Date` less our clock. */
function clockOffset(head: AnswerHead, nowMs: Ms): Ms | null {
  const date = dateOf(head);
  return date === null ? null : date - nowMs;
}

/** The instant of an answer's `Date`; the header has whole seconds, so half a second is added. */
function dateOf(head: AnswerHead): Ms | null {
  const date = headerOf(head.headers, 'date');
  if (date === null) return null;
  if (date !== lastDate) {
    lastDate = date;
    lastDateAt = Date.parse(date);
  }
  return Number.isNaN(lastDateAt) ? null : lastDateAt + 500;
}
