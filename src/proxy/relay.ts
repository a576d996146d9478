/**
 * One attempt of a read, relayed to its caller: streamed unchanged, while a bounded copy of the answer is kept to read task
 * states from it.
 *
 * **Invariant**: an answer is held back, and read whole, only where the read may be sent again or addresses in it may become ours;
 * never more than {@link KEPT_BACK_BYTES_MAX} of it.
 */
import { RESIGN_CODES } from '../kling/codes.ts';
import { isSuccess, showsTasks, type Envelope } from '../kling/envelope.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { AddressRewriter, Rewritten } from '../results/address-rewriter.ts';
import type { AttemptSpan } from '../telemetry/tracing.ts';
import type { Ms } from '../units.ts';
import { mayHoldJson } from '../upstream/answer-body.ts';
import type { AnswerHead, AttemptFailure, AttemptSink, OutboundRequest } from '../upstream/attempt.ts';
import { headerOf } from '../upstream/headers.ts';
import type { Line } from '../upstream/line.ts';
import type { ReadAttempt } from '../upstream/read-attempt.ts';
import type { CreateDeps } from './create-request.ts';
import { keepRead, type CappedDeps } from './capped-read.ts';
import { askedAgain, mayBeAskedAgain, type Again, type HeldBack } from './read-again.ts';
import { recordRead, routeOf, type ReadRecordDeps } from './read-record.ts';
import type { ReadRequest } from './read-request.ts';
import {
  editedLines,
  endWith,
  isBodyless,
  lengthLines,
  ONE_WRITE_BYTES_MAX,
  passedLines,
  serverTiming,
} from './reply.ts';
import type { ReadAnswer, SeenAnswers } from './seen-answers.ts';
import { joined, readShownTasks } from './shown-tasks.ts';

/** The largest copy of an answer's body; a larger answer is not parsed, and the poller settles. */
const OBSERVED_BYTES_MAX = 4 * 1_048_576;
/** The largest answer that is kept back until it is known whether the read is sent again. */
const KEPT_BACK_BYTES_MAX = 1_048_576;
/** How long a caller may stop reading an answer: it occupies a connection to Kling all that time. */
const STALLED_MS_MAX = 120_000;

export interface ReadDeps
  extends
    Pick<CreateDeps, 'clock' | 'upstream' | 'telemetry' | 'bodyRoom' | 'random' | 'slots'>,
    CappedDeps,
    ReadRecordDeps {
  seenAnswers: SeenAnswers;
  /** Puts our addresses of kept results in answers, where the settings say so. */
  rewriter: Pick<AddressRewriter, 'rewrite'>;
  /** Takes the task states in an app's own read; `isList` if the read was for all tasks, not for some. */
  observe: (sightings: TaskSighting[], line: Line, read: { app: string; isList: boolean }) => void;
}

/** How an attempt ended; null if its caller was answered. */
export type RelayEnd = AttemptFailure | typeof RESIGN | Again | null;

/** The outcome that Kling called our token early or expired: another one may be tried. */
export const RESIGN = Symbol('resign');

/** One attempt of a read, relayed to its caller. */
export class Relay {
  readonly #deps: ReadDeps;
  readonly #read: ReadRequest;
  readonly #attemptNumber: number;
  readonly #earlierMs: Ms;
  readonly #startedAt: Ms;
  readonly #line: Line;
  sentTick: Ms = 0;
  #headTick: Ms = 0;
  #head: AnswerHead | null = null;
  #copy: Buffer[] | null = null;
  #bytes = 0;
  /** The body's declared length, if one write can have it with the headers. */
  #oneWriteBytes = -1;
  #whole: Buffer | null = null;
  /** An answer after which the read may be sent again is read whole before anything is passed on. */
  #isHeldBack = false;
  /** An answer whose addresses may become ours is read whole, too. */
  #isRewritten = false;
  #rewritten: Rewritten | null = null;
  /** Whether the answer's body broke off. */
  #isCut = false;
  readonly #keptBack: Buffer[] = [];
  #span: AttemptSpan | null = null;

  /** @param earlierMs the time of earlier attempts and of the waits after them, which is not ours. */
  constructor(deps: ReadDeps, read: ReadRequest, { attempt, earlierMs }: { attempt: number; earlierMs: Ms }) {
    this.#deps = deps;
    this.#read = read;
    this.#attemptNumber = attempt;
    this.#earlierMs = earlierMs;
    this.#startedAt = deps.clock.now();
    this.#line = deps.upstream.line;
  }

  /** Runs to the end of the answer; gives the failure if there was one, or that another token should be tried. */
  async run(outbound: OutboundRequest): Promise<RelayEnd> {
    const line = this.#line.use();
    const { upstream } = this.#deps;
    const attempt = { line, route: routeOf(this.#read), attempt: this.#attemptNumber };
    this.#span = upstream.trace(this.#read.trace, outbound, attempt);
    try {
      const made = upstream.sign(this.#span?.carriedBy(outbound.headers) ?? outbound.headers, line);
      const headers = made instanceof Promise ? await made : made;
      // It is sent before the line is released, so that a reload does not close the line in between.
      return this.#send({ ...outbound, headers }, outbound);
    } finally {
      line.release();
    }
  }

  #send(signed: OutboundRequest, outbound: OutboundRequest): Promise<RelayEnd> {
    const { upstream, clock } = this.#deps;
    const { response } = this.#read;
    // A coded answer cannot be edited.
    const acceptEncoding = this.#mayRewrite
      ? 'identity'
      : (this.#read.frame.headers.get('accept-encoding') ?? null);
    return new Promise((resolve) => {
      const sink: AttemptSink = {
        onHead: (head) => this.#onHead(head),
        onChunk: (chunk, plain) => this.#onChunk(chunk, { plain: plain ?? chunk, attempt }),
        onEnd: () => {
          response.off('close', onGone);
          const next = this.#isHeldBack ? this.#next() : null;
          if (this.#isHeldBack && next === null) return void this.#passWhole(outbound).then(resolve);
          if (this.#whole) endWith(response, this.#whole);
          else if (next === null) response.end();
          resolve(next);
          this.#finish(outbound, null, next === null ? null : 'repeated');
        },
        onFailure: (failure) => {
          response.off('close', onGone);
          if (this.#isHeldBack) return resolve(this.#endCut(outbound, failure));
          if (response.headersSent) response.destroy();
          resolve(failure);
          this.#finish(outbound, failure);
        },
      };
      const attempt: ReadAttempt = upstream.attempt(this.#line, sink, acceptEncoding);
      const onGone = (): void => {
        attempt.abandon();
        resolve(null);
        this.#finish(outbound, null, 'aborted');
      };
      response.once('close', onGone);
      if (response.destroyed) {
        response.off('close', onGone);
        resolve(null);
        return;
      }
      this.sentTick = clock.monotonic();
      attempt.dispatch(signed);
    });
  }

  #onHead(head: AnswerHead): void {
    const { clock, upstream } = this.#deps;
    this.#head = head;
    this.#headTick = clock.monotonic();
    upstream.noteHead(head, this.#line);
    this.#copy = mayHoldJson(head.headers) ? [] : null;
    this.#isRewritten = this.#mayRewrite && this.#copy !== null && isSuccess(head.status);
    this.#isHeldBack =
      this.#isRewritten || this.#mayResign(head) || mayBeAskedAgain(this.#read, head, this.#attemptNumber);
    if (!this.#isHeldBack) this.#writeHead(head);
  }

  #mayResign({ status }: AnswerHead): boolean {
    return (
      status === 401 && this.#copy !== null && this.#attemptNumber === 1 && this.#line.tokens.kind === 'ak_sk'
    );
  }

  /** Gives what follows a kept back answer; null if it is passed on. */
  #next(): typeof RESIGN | Again | null {
    const head = this.#head;
    if (head === null) return null;
    const code = this.#envelope()?.code ?? null;
    if (this.#mayResign(head)) return code !== null && RESIGN_CODES.has(code) ? RESIGN : null;
    return askedAgain(this.#deps, this.#read, this.#heldBack(head, code));
  }

  /** Ends an attempt whose answer was held back and broke off: its status decides, and it is passed on as it came. */
  #endCut(outbound: OutboundRequest, failure: AttemptFailure): Again | null {
    this.#isCut = true;
    const next = this.#head && askedAgain(this.#deps, this.#read, this.#heldBack(this.#head, null));
    if (next === null) this.passHeldBack();
    this.#finish(outbound, failure, next === null ? null : 'repeated');
    return next;
  }

  #heldBack(head: AnswerHead, code: number | null): HeldBack {
    return { head, code, attempt: this.#attemptNumber };
  }

  /** Passes a whole answer on that was held back, with our addresses where it should have them. */
  async #passWhole(outbound: OutboundRequest): Promise<null> {
    if (this.#isRewritten) this.#rewritten = await this.#deps.rewriter.rewrite(joined(this.#keptBack));
    this.passHeldBack();
    this.#finish(outbound, null);
    return null;
  }

  /** Passes an answer on that was held back. */
  passHeldBack(): void {
    const { response } = this.#read;
    if (this.#isCut) {
      this.#letGo();
      response.write('', () => response.destroy());
      return;
    }
    if (response.destroyed) return;
    const body = this.#rewritten?.bytes ?? joined(this.#keptBack);
    if (this.#head) this.#writeHead(this.#head);
    endWith(response, body);
  }

  /** Passes a large answer on after all, from its beginning. */
  #letGo(): void {
    this.#isHeldBack = false;
    if (this.#head === null) return;
    this.#writeHead(this.#head);
    if (!isBodyless(this.#head.status)) this.#read.response.write(joined(this.#keptBack));
  }

  #writeHead(head: AnswerHead): void {
    const { response, requestId, startedTick } = this.#read;
    const length = Number(headerOf(head.headers, 'content-length') ?? NaN);
    if (length > 0 && length <= ONE_WRITE_BYTES_MAX) this.#oneWriteBytes = length;
    const upstreamMs = this.#earlierMs + this.#headTick - this.sentTick;
    const timing = { upstreamMs, queueMs: 0, totalMs: this.#headTick - startedTick };
    const ours = ['x-request-id', requestId, 'server-timing', serverTiming(timing)];
    const edited = this.#rewritten;
    const lines = edited ? editedLines(head.headers, ours, edited) : passedLines(head.headers, ours);
    response.writeHead(head.status, head.reason, lengthLines(head.status, lines));
  }

  #onChunk(chunk: Buffer, { plain, attempt }: { plain: Buffer; attempt: ReadAttempt }): void {
    const { response } = this.#read;
    this.#bytes += chunk.length;
    if (this.#bytes > OBSERVED_BYTES_MAX) this.#copy = null;
    this.#copy?.push(plain);
    if (this.#isHeldBack) {
      this.#keptBack.push(chunk);
      if (this.#bytes > KEPT_BACK_BYTES_MAX) this.#letGo();
      return;
    }
    if (this.#head !== null && isBodyless(this.#head.status)) return;
    if (chunk.length === this.#oneWriteBytes) {
      this.#whole = chunk;
      return;
    }
    if (response.write(chunk)) return;
    attempt.pause();
    const stalled = this.#deps.clock.after(STALLED_MS_MAX, () => response.destroy());
    response.once('close', stalled.cancel).once('drain', () => {
      stalled.cancel();
      response.off('close', stalled.cancel);
      attempt.resume();
    });
  }

  #finish(
    outbound: OutboundRequest,
    failure: AttemptFailure | null,
    end: 'aborted' | 'repeated' | null = null,
  ): void {
    const isWhole = failure === null && end !== 'aborted';
    const { envelope, sightings } = isWhole ? this.#readAnswer() : { envelope: null, sightings: [] };
    recordRead(this.#deps, this.#read, {
      outbound,
      line: this.#line,
      span: this.#span,
      head: this.#head,
      envelope,
      failure,
      end,
      attempt: this.#attemptNumber,
      bytesReceived: this.#bytes,
      startedAt: this.#startedAt,
      sentTick: this.sentTick,
      headTick: this.#headTick,
      earlierMs: this.#earlierMs,
    });
    if (sightings.length === 0) return;
    const { caller, route } = this.#read;
    const isList = route?.operation === 'task-list';
    this.#deps.observe(sightings, this.#line, { app: caller.app, isList });
    if (this.#copy !== null && this.#head !== null)
      keepRead(this.#deps, this.#read, { head: this.#head, copy: this.#copy, sightings, line: this.#line });
  }

  get #mayRewrite(): boolean {
    const { settings, route } = this.#read;
    return settings.rewritesAddresses && route !== null && showsTasks(route);
  }

  #envelope(): Envelope | null {
    if (this.#copy === null || this.#head === null) return null;
    return this.#deps.upstream.readEnvelope(this.#head.headers, joined(this.#copy));
  }

  #readAnswer(): ReadAnswer {
    return readShownTasks(this.#deps.seenAnswers, this.#read, {
      head: this.#head,
      body: () => this.#copy && joined(this.#copy),
      line: this.#line,
      envelope: () => this.#envelope(),
    });
  }
}
