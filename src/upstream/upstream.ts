/**
 * The only way to Kling: signs a request, sends it once, tells how it ended, and makes its journal record.
 *
 * **Invariant**: the key goes to the pool's origin and nowhere else; a create is sent once, and once more only
 * where Kling answered 401 with a token it calls early or expired (1003, 1004), which proves that nothing was
 * made. This module never decides about money: callers journal the records it returns.
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
import { headerOf } from './headers.ts';
import { KlingClock } from './kling-clock.ts';
import { KlingHealth, type SeenEnd } from './kling-health.ts';
import { Line, type LineOptions } from './line.ts';
import { OwnSecrets } from './own-secrets.ts';
import { ReadAttempt } from './read-attempt.ts';
import { readEnvelopeOf, readWhole, type Answer } from './whole-answer.ts';

/** What a record says of a call besides how it ended. */
export interface CallContext {
  requestId: string;
  app: string;
  tag: string | null;
  route: string;
  holdId: string | null;
  origin: 'app' | 'sidecar';
  /** Time already spent in us for this request, for `overheadMs`. */
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
  /** Which upstream was asked, with whose credentials. */
  line: Pick<Line, 'host' | 'account' | 'fingerprint'>;
}

export interface ExchangeOptions {
  context: CallContext;
  /** The line to send it on, in use by the caller; the one in place by default. */
  line?: Line;
  /** The number of the first attempt, where earlier exchanges of the same request made some; 1 by default. */
  firstAttempt?: number;
  /** Kept under `upstream.timeoutMs`. */
  timeoutMs?: Ms;
  /** From now to the answer's last byte, a second attempt included; twice the time-out where none is given. */
  deadlineMs?: Ms;
  /** A second attempt is made only with as much of the deadline left. */
  repeatMsMin?: Ms;
  /** What the attempts are a part of; null with tracing off. */
  trace?: Span | null;
}

export interface UpstreamOptions extends LineOptions {
  clock: Clock;
}

export class Upstream {
  readonly #clock: Clock;
  #line: Line;
  readonly #secrets = new OwnSecrets();
  /** Those that a reload replaced: some may still have something under way. */
  readonly #oldLines = new Set<Line>();
  /** What Kling's answers show of its clock. */
  readonly klingClock: KlingClock;
  /** Whether it can be reached, and takes our credentials. */
  readonly health: KlingHealth;
  #answers = 0;
  #failing = false;
  #isEnding = false;
  #onRecovery: () => void = () => {};

  constructor(options: UpstreamOptions) {
    this.#clock = options.clock;
    this.#line = new Line(options);
    this.klingClock = new KlingClock(options.clock);
    this.health = new KlingHealth(options.clock);
  }

  /** How many answers came, from whatever host. */
  get answers(): number {
    return this.#answers;
  }

  /** How busy the connections are: those of creates and of the sidecar itself, and those of callers' reads. */
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

  /** The line in place. What is signed and sent with it must be between its `use` and its `release`. */
  get line(): Line {
    return this.#line;
  }

  /** Says what to do when an answer arrives after a time without any. */
  set onRecovery(callback: () => void) {
    this.#onRecovery = callback;
  }

  /** Sends a request whose answer is small, and reads the whole of it; on the line in place, or on one that is in use. */
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

  /** Adds a line's Authorization to header lines, and asks for an answer that is not compressed. */
  async sign(headers: string[], { tokens }: Line): Promise<string[]> {
    const made = tokens.authorization();
    const authorization = typeof made === 'string' ? made : await made;
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

  /** Reads Kling's envelope out of a decoded body; null where there is none. */
  readEnvelope(headers: readonly string[], body: Buffer): Envelope | null {
    return readEnvelopeOf(headers, body, this.#secrets);
  }

  /** Notes what an answer's head shows: the peer's clock, and that it answers at all. */
  noteHead(head: AnswerHead, line: Line): void {
    // An old line may lead to another host, with another clock.
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

  /** Notes how an attempt ended; `mayBeCured`: it goes out once more where Kling calls its token early or expired. */
  noteEnd(end: SeenEnd, { line, mayBeCured }: { line: Line; mayBeCured: boolean }): void {
    // How an old line ends says nothing of the one in place.
    if (line !== this.#line) return;
    if (end.failure) this.#failing = true;
    const code = end.envelope?.code ?? null;
    const { kind } = line.tokens;
    const isCurable = mayBeCured && kind === 'ak_sk' && code !== null && RESIGN_CODES.has(code);
    if (!isCurable && !this.#isEnding) this.health.note(end, kind);
  }

  /** Takes another line from now on; what is under way ends on the old one. */
  change(options: LineOptions): void {
    const old = this.#line;
    this.#line = new Line(options);
    if (old.host !== options.host) this.klingClock.forget();
    this.health.forget();
    for (const line of this.#oldLines) if (line.isClosed) this.#oldLines.delete(line);
    this.#oldLines.add(old);
    old.retire();
  }

  /** Ends whatever is under way: from now on a request without an answer is no failing of Kling's. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all([this.#line, ...this.#oldLines].map((line) => line.destroy()));
  }

  /** Begins the span of an attempt; null with tracing off. A path that is not ours to name is left out. */
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
    const isFirst = attempt === (options.firstAttempt ?? 1);
    this.noteEnd({ path: request.path, head, envelope, failure }, { line, mayBeCured: isFirst });
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

/** What stays of a 5xx or a failure so that a claim can show it. */
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
