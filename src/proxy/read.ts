/**
 * Reads and free writes: streamed unchanged, while a bounded copy of the answer is kept to read task states from it.
 *
 * **Invariant**: a read waits only for its signature: not for money, the store, a slot or a freeze. A GET
 * is sent once more if no answer had begun; a free write only if no byte of it had left.
 */
import type { CallRecord } from '../calls/call.ts';
import { SidecarError } from '../errors.ts';
import { RESIGN_CODES } from '../kling/codes.ts';
import { isSuccess, showsTasks, sightingsIn, type Envelope } from '../kling/envelope.ts';
import type { KlingRoute } from '../kling/routes.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { AttemptSpan } from '../telemetry/tracing.ts';
import type { Ms } from '../units.ts';
import { mayHoldJson } from '../upstream/answer-body.ts';
import type { AnswerHead, AttemptFailure, AttemptSink, OutboundRequest } from '../upstream/attempt.ts';
import { headerOf } from '../upstream/headers.ts';
import type { Line } from '../upstream/line.ts';
import type { ReadAttempt } from '../upstream/read-attempt.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import type { BodyPlace, RoomRules } from './body-room.ts';
import { dropBody, readBody } from './body.ts';
import { checkMediaType } from './prepare.ts';
import {
  endWith,
  isBodyless,
  lengthLines,
  ONE_WRITE_BYTES_MAX,
  overheadOf,
  passedLines,
  serverTiming,
} from './reply.ts';
import type { ReadAnswer, SeenAnswers } from './seen-answers.ts';

/** The largest copy of an answer's body; a larger answer is not parsed, and the poller settles. */
const OBSERVED_BYTES_MAX = 4 * 1_048_576;
/** Tries of a read that certainly never left. */
const ATTEMPTS_MAX = 2;
/** How long a caller may stop reading an answer: it occupies a connection to Kling all that time. */
const STALLED_MS_MAX = 120_000;
const FREE_WRITE_BYTES_MAX = 1_048_576;

export interface ReadDeps extends Pick<CreateDeps, 'clock' | 'upstream' | 'telemetry' | 'bodyRoom'> {
  journal: (call: CallRecord) => void;
  seenAnswers: SeenAnswers;
  /** Takes the task states in an app's own read; `isList` if the read was for all tasks, not for some. */
  observe: (sightings: TaskSighting[], line: Line, read: { app: string; isList: boolean }) => void;
}

export interface ReadRequest extends Pick<
  CreateRequest,
  | 'request'
  | 'response'
  | 'requestId'
  | 'frame'
  | 'caller'
  | 'startedTick'
  | 'settings'
  | 'trace'
  | 'traceIds'
> {
  /** Null for an unknown path: it is a GET, so it costs nothing. */
  readonly route: KlingRoute | null;
  /** Path and query that are sent to Kling. */
  readonly target: string;
}

/** Handles one read or free write; refusals are thrown as SidecarError before anything was answered. */
export async function handleRead(deps: ReadDeps, read: ReadRequest): Promise<void> {
  if (read.frame.method !== 'POST') {
    const dropping = dropBody(read.request);
    if (dropping !== null) await dropping;
    return relay(deps, read, null);
  }
  const place = deps.bodyRoom.place(roomRules(read));
  try {
    await relay(deps, read, await receiveBody(read, place));
  } finally {
    place.release();
  }
}

function roomRules({ request, settings }: ReadRequest): RoomRules {
  const gone = new AbortController();
  request.once('close', () => gone.abort());
  return { bytesTotal: settings.bodiesBytesTotal, waitMsMax: settings.deadlineMs, signal: gone.signal };
}

async function receiveBody({ frame, request, settings }: ReadRequest, place: BodyPlace): Promise<Uint8Array> {
  if (settings.mode === 'protect') checkMediaType(frame.headers);
  const bytesMax = Math.min(FREE_WRITE_BYTES_MAX, settings.bodyBytesMax);
  const { buffer, start, end } = await readBody(request, { bytesMax, place });
  return buffer.subarray(start, end);
}

/** Relays a read, once more if it certainly never left. */
async function relay(deps: ReadDeps, read: ReadRequest, body: Uint8Array | null): Promise<void> {
  const { frame } = read;
  const outbound: OutboundRequest = {
    method: frame.method,
    path: read.target,
    headers: frame.forward,
    body,
  };
  for (let attempt = 1; ; attempt += 1) {
    const failure = await new Relay(deps, read, attempt).run(outbound);
    if (failure === RESIGN) {
      await deps.upstream.line.tokens.resign();
      continue;
    }
    if (failure === null || read.response.headersSent || read.response.destroyed) return;
    if (!mayRepeat(read, failure, attempt)) throw failed(failure);
    deps.telemetry.retried(failure.errorClass);
  }
}

/** Returns whether a read is sent once more after a failure. */
function mayRepeat({ frame }: ReadRequest, failure: AttemptFailure, attempt: number): boolean {
  const isOver = failure.errorClass === 'headers_timeout' || failure.errorClass === 'no_connection';
  return attempt < ATTEMPTS_MAX && !isOver && (!failure.sent || frame.method !== 'POST');
}

/** The outcome that Kling called our token early or expired: another one may be tried. */
const RESIGN = Symbol('resign');

function failed(failure: AttemptFailure): SidecarError {
  return new SidecarError(
    failure.isLate ? 'upstream_timeout' : 'upstream_unreachable',
    `Kling brought no answer to this read (${failure.cause}).`,
    { detail: { sent: failure.sent ? 'yes' : 'no', cause: failure.cause } },
  );
}

/** One attempt of a read, relayed to its caller. */
class Relay {
  readonly #deps: ReadDeps;
  readonly #read: ReadRequest;
  readonly #attemptNumber: number;
  readonly #startedAt: Ms;
  readonly #line: Line;
  #sentTick: Ms = 0;
  #headTick: Ms = 0;
  #head: AnswerHead | null = null;
  #copy: Buffer[] | null = null;
  #bytes = 0;
  /** The body's declared length, if one write can have it with the headers. */
  #oneWriteBytes = -1;
  #whole: Buffer | null = null;
  /** A refused token's answer is read whole before anything is passed on. */
  #isHeldBack = false;
  readonly #keptBack: Buffer[] = [];
  #span: AttemptSpan | null = null;

  constructor(deps: ReadDeps, read: ReadRequest, attemptNumber: number) {
    this.#deps = deps;
    this.#read = read;
    this.#attemptNumber = attemptNumber;
    this.#startedAt = deps.clock.now();
    this.#line = deps.upstream.line;
  }

  /** Runs to the end of the answer; gives the failure if there was one, or that another token should be tried. */
  async run(outbound: OutboundRequest): Promise<AttemptFailure | typeof RESIGN | null> {
    const line = this.#line.use();
    const { upstream } = this.#deps;
    const attempt = { line, route: this.#route, attempt: this.#attemptNumber };
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

  #send(signed: OutboundRequest, outbound: OutboundRequest): Promise<AttemptFailure | typeof RESIGN | null> {
    const { upstream, clock } = this.#deps;
    const { response } = this.#read;
    const acceptEncoding = this.#read.frame.headers.get('accept-encoding') ?? null;
    return new Promise((resolve) => {
      const sink: AttemptSink = {
        onHead: (head) => this.#onHead(head),
        onChunk: (chunk, plain) => this.#onChunk(chunk, { plain: plain ?? chunk, attempt }),
        onEnd: () => {
          response.off('close', onGone);
          const isResigning = this.#isHeldBack && this.#isTokenRefused();
          if (this.#isHeldBack && !isResigning) this.#passHeldBack();
          else if (this.#whole) endWith(response, this.#whole);
          else if (!isResigning) response.end();
          resolve(isResigning ? RESIGN : null);
          this.#finish(outbound, null);
        },
        onFailure: (failure) => {
          response.off('close', onGone);
          if (response.headersSent) response.destroy();
          resolve(failure);
          this.#finish(outbound, failure);
        },
      };
      const attempt: ReadAttempt = upstream.attempt(this.#line, sink, acceptEncoding);
      const onGone = (): void => {
        attempt.abandon();
        resolve(null);
        this.#finish(outbound, null, true);
      };
      response.once('close', onGone);
      if (response.destroyed) {
        response.off('close', onGone);
        resolve(null);
        return;
      }
      this.#sentTick = clock.monotonic();
      attempt.dispatch(signed);
    });
  }

  #onHead(head: AnswerHead): void {
    const { clock, upstream } = this.#deps;
    this.#head = head;
    this.#headTick = clock.monotonic();
    upstream.noteHead(head, this.#line);
    this.#copy = mayHoldJson(head.headers) ? [] : null;
    this.#isHeldBack =
      head.status === 401 &&
      this.#copy !== null &&
      this.#attemptNumber === 1 &&
      this.#line.tokens.kind === 'ak_sk';
    if (!this.#isHeldBack) this.#writeHead(head);
  }

  #isTokenRefused(): boolean {
    const code = this.#envelope()?.code;
    return code != null && RESIGN_CODES.has(code);
  }

  #passHeldBack(): void {
    if (this.#head) this.#writeHead(this.#head);
    endWith(this.#read.response, joined(this.#keptBack));
  }

  #writeHead(head: AnswerHead): void {
    const { response, requestId, startedTick } = this.#read;
    const length = Number(headerOf(head.headers, 'content-length') ?? NaN);
    if (length > 0 && length <= ONE_WRITE_BYTES_MAX) this.#oneWriteBytes = length;
    const upstreamMs = this.#headTick - this.#sentTick;
    const timing = { upstreamMs, queueMs: 0, totalMs: this.#headTick - startedTick };
    const ours = ['x-request-id', requestId, 'server-timing', serverTiming(timing)];
    const lines = passedLines(head.headers, ours);
    response.writeHead(head.status, head.reason, lengthLines(head.status, lines));
  }

  #onChunk(chunk: Buffer, { plain, attempt }: { plain: Buffer; attempt: ReadAttempt }): void {
    const { response } = this.#read;
    this.#bytes += chunk.length;
    if (this.#bytes > OBSERVED_BYTES_MAX) this.#copy = null;
    this.#copy?.push(plain);
    if (this.#isHeldBack) this.#keptBack.push(chunk);
    if (this.#isHeldBack || (this.#head !== null && isBodyless(this.#head.status))) return;
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

  #finish(outbound: OutboundRequest, failure: AttemptFailure | null, isAborted = false): void {
    const { clock, upstream, telemetry, journal } = this.#deps;
    const { requestId, caller, route, startedTick, response, traceIds } = this.#read;
    const isWhole = failure === null && !isAborted;
    const { envelope, sightings } = isWhole ? this.#readAnswer() : { envelope: null, sightings: [] };
    if (!isAborted) {
      const mayBeCured = this.#attemptNumber === 1;
      const startedAt = this.#startedAt;
      upstream.noteEnd(
        { path: outbound.path, kind: 'read', head: this.#head, envelope, failure, startedAt },
        { line: this.#line, mayBeCured },
      );
    }
    const endedTick = clock.monotonic();
    const headMs = (this.#headTick === 0 ? endedTick : this.#headTick) - this.#sentTick;
    const totalMs = (this.#headTick === 0 ? endedTick : this.#headTick) - startedTick;
    const call = upstream.record(
      {
        requestId,
        app: caller.app,
        tag: caller.tag,
        route: this.#route,
        holdId: null,
        origin: 'app',
        overheadMs: overheadOf({ upstreamMs: headMs, queueMs: 0, totalMs }),
      },
      outbound,
      {
        line: this.#line,
        head: this.#head,
        envelope,
        failure,
        bytesReceived: this.#bytes,
        isAborted,
        startedAt: this.#startedAt,
        durationMs: endedTick - this.#sentTick,
        attempt: this.#attemptNumber,
      },
    );
    this.#span?.end(call);
    journal(call);
    const isAnswered = response.headersSent || response.destroyed;
    const isRepeated = failure !== null && !isAnswered && mayRepeat(this.#read, failure, this.#attemptNumber);
    telemetry.callEnded(call, { trace: traceIds, isRepeated });
    if (sightings.length > 0) {
      const isList = route?.operation === 'task-list';
      this.#deps.observe(sightings, this.#line, { app: caller.app, isList });
    }
  }

  get #route(): string {
    return this.#read.route?.template ?? 'unmatched';
  }

  #envelope(): Envelope | null {
    if (this.#copy === null || this.#head === null) return null;
    return this.#deps.upstream.readEnvelope(this.#head.headers, joined(this.#copy));
  }

  /** Reads the whole answer; its task states only on a route that shows them. */
  #readAnswer(): ReadAnswer {
    const { route, settings, target } = this.#read;
    const { headers = [], status = 0 } = this.#head ?? {};
    const shownBy = route !== null && showsTasks(route) && isSuccess(status) ? route : null;
    const parse = (): ReadAnswer => {
      const envelope = this.#envelope();
      const isRead = envelope !== null && shownBy !== null;
      return { envelope, sightings: isRead ? sightingsIn(shownBy, envelope, settings.cashPrice) : [] };
    };
    if (this.#copy === null || shownBy === null) return parse();
    const type = headerOf(headers, 'content-type');
    const dependsOn = [route, settings, this.#line, type];
    return this.#deps.seenAnswers.read({ target, body: joined(this.#copy), dependsOn }, parse);
  }
}

function joined(chunks: Buffer[]): Buffer {
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}
