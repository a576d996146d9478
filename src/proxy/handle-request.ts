/**
 * One request of the data plane: from its head to its create or read, and to its answer or our refusal.
 *
 * The steps are: check the framing, check the target, find the caller, find the route. The first fault is the answer. Nothing
 * here knows a path of ours: the control plane is another listener.
 *
 * **Invariant**: every request is answered once or its socket is destroyed. A request that we refuse never reaches Kling, and is
 * recorded as a refusal, never as a call.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SidecarError, isRefusal } from '../errors.ts';
import type { CreateLabels } from '../facts.ts';
import { newId } from '../ids.ts';
import type { RefusalRecord } from '../calls/call.ts';
import { readTraceparent, type Span, type TraceIds } from '../telemetry/tracing.ts';
import { UNKNOWN_CREATE, type KlingRoute } from '../kling/routes.ts';
import { readCaller, saneRequestId, SEND_MS_MIN } from './caller.ts';
import type { BodyPlace } from './body-room.ts';
import { readBody } from './body.ts';
import { handleCreate } from './create.ts';
import { allowOrigin, answerPreflight } from './cors.ts';
import type { CreateDeps, CreateProgress, CreateRequest } from './create-request.ts';
import { findRoute } from './find-route.ts';
import { readFrame, readPreflight, type Frame } from './frame.ts';
import { handleRead } from './read.ts';
import type { ReadDeps } from './relay.ts';
import { headerSafe, noteLines, refusalAnswer, writeAnswer, writeRefusal } from './reply.ts';
import type { ProxySettings } from './settings.ts';
import { noteRequest, onAnswerReset, onHangUp } from '../sockets.ts';
import type { Ms } from '../units.ts';

export interface RequestDeps extends CreateDeps, ReadDeps {
  settings: () => ProxySettings;
  /** True while draining: nothing new is begun. */
  isDraining: () => boolean;
  recordRefusal: (refusal: RefusalRecord) => void;
  noteWouldEdit: (app: string) => void;
}

/** The progress of a request: the facts for its refusal. */
interface Passage {
  requestId: string;
  method: string;
  route: string;
  app: string;
  tag: string | null;
  create: CreateRequest | null;
  /** Null with tracing off, and before the request is checked. */
  trace: Span | null;
  traceIds: TraceIds | null;
}

/** Handles one request of the data plane; never rejects. */
export async function handleRequest(
  deps: RequestDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.sendDate = false;
  const passage: Passage = {
    requestId: newId('req', deps.clock.now()),
    method: request.method ?? '',
    route: 'unmatched',
    app: 'default',
    tag: null,
    create: null,
    trace: null,
    traceIds: null,
  };
  try {
    await pass(deps, { request, response, passage });
  } catch (error) {
    try {
      refuse(deps, { request, response, passage }, error);
    } catch {
      response.destroy();
    }
  }
  if (passage.trace) endTrace(passage.trace, passage, response);
}

/** Ends a request's span with the caller's answer. */
function endTrace(trace: Span, { requestId, app, tag }: Passage, response: ServerResponse): void {
  const { headersSent, statusCode, destroyed, writableFinished } = response;
  const isCut = destroyed && !writableFinished;
  trace.set({
    'http.response.status_code': headersSent ? statusCode : null,
    'kling.request_id': requestId,
    'kling.app': app,
    'kling.tag': tag,
  });
  trace.end(isCut ? 'cut_off' : statusCode >= 500 ? String(statusCode) : null);
}

interface Exchanged {
  request: IncomingMessage;
  response: ServerResponse;
  passage: Passage;
}

async function pass(deps: RequestDeps, { request, response, passage }: Exchanged): Promise<void> {
  const startedTick = deps.clock.monotonic();
  noteRequest(request.socket);
  const settings = deps.settings();
  const preflight = readPreflight(request, settings.frame);
  if (preflight !== null) {
    answerPreflight(response, preflight);
    return;
  }
  const frame = readFrame(request, settings.frame);
  if (frame.origin !== null) allowOrigin(response, frame.origin);
  passage.requestId = saneRequestId(frame.headers) ?? passage.requestId;
  const found = findRoute(settings, frame, request.url ?? '');
  passage.route = found.route?.template ?? 'unmatched';
  passage.trace = startTrace(deps, { frame, path: found.path, route: passage.route, startedTick });
  passage.traceIds = passage.trace ?? readTraceparent(frame.headers.get('traceparent'));
  const asked = readCaller(frame, settings.identify);
  const caller = asked instanceof Promise ? await asked : asked;
  passage.app = caller.app;
  passage.tag = caller.tag;
  // The connection may have closed before the listener was added: then nothing would end this request.
  if (response.destroyed) throw new Error('the caller went away');
  const common = {
    requestId: passage.requestId,
    settings,
    frame,
    caller,
    startedTick,
    trace: passage.trace,
    traceIds: passage.traceIds,
  };
  if (isFree(found.route, frame)) {
    if (deps.isDraining()) throw shuttingDown();
    const target = found.path + found.query;
    await handleRead(deps, { ...common, request, response, route: found.route, target });
    return;
  }
  if (deps.isDraining()) throw shuttingDown();
  const route = found.route ?? UNKNOWN_CREATE;
  const progress: CreateProgress = { prepared: null, isSent: false, watch: null };
  const gone = watchCaller(deps, { request, response, progress });
  const deadlineMs = Math.min(settings.deadlineMs, caller.timeoutMs ?? settings.deadlineMs);
  const create: CreateRequest = {
    ...common,
    route,
    retry: null,
    path: found.path,
    deadlineTick: startedTick + deadlineMs,
    gone,
    unpricedCredits: settings.unknownRoute === 'pass' ? 0 : settings.unknownRouteCredits,
    noteWouldRefuse: (error) => noteWouldRefuse(deps, passage, error),
    noteWouldEdit: () => deps.noteWouldEdit(passage.app),
    answer: (answer) => writeAnswer(response, answer),
    progress,
  };
  passage.create = create;
  const place = placeOf(deps, create);
  try {
    await handleCreate(deps, create, readBody(request, { bytesMax: settings.bodyBytesMax, place }));
  } finally {
    place.release();
  }
}

/** Gives the signal that a create's caller went away, and reports an answer that it does not get. */
function watchCaller(
  { clock }: Pick<RequestDeps, 'clock'>,
  {
    request: { socket },
    response,
    progress,
  }: Pick<Exchanged, 'request' | 'response'> & { progress: CreateProgress },
): AbortSignal {
  const gone = new AbortController();
  const noteGone = (): void => {
    if (response.writableFinished || gone.signal.aborted) return;
    gone.abort(new Error('the caller went away'));
    progress.watch?.lose();
  };
  const forget = onHangUp(socket, noteGone);
  response.once('close', () => {
    forget();
    noteGone();
    const { watch } = progress;
    if (watch !== null && !gone.signal.aborted) onAnswerReset(socket, clock, () => watch.lose());
  });
  return gone.signal;
}

/** Begins a request's span; null with tracing off. The path of an unknown route may contain anything, so it is left out. */
function startTrace(
  { telemetry }: RequestDeps,
  { frame, path, route, startedTick }: { frame: Frame; path: string; route: string; startedTick: Ms },
): Span | null {
  if (telemetry.tracing === null) return null;
  const { method, headers } = frame;
  const known = route === 'unmatched' ? null : path;
  return telemetry.tracing.request({ method, route, path: known, headers, startedTick });
}

/** Makes the place of a create's body; it may wait for room while the create can still be sent afterwards. */
function placeOf(
  { bodyRoom, clock }: CreateDeps,
  { settings, deadlineTick, gone }: CreateRequest,
): BodyPlace {
  const leftMs = deadlineTick - clock.monotonic();
  const waitMsMax = settings.mode === 'protect' ? leftMs - SEND_MS_MIN : leftMs;
  return bodyRoom.place({ bytesTotal: settings.bodiesBytesTotal, waitMsMax, signal: gone });
}

function isFree(route: KlingRoute | null, frame: Frame): boolean {
  if (route === null) return frame.method !== 'POST';
  return route.kind === 'read' || route.kind === 'write';
}

/** Makes the refusal of a request that comes while the plane closes. */
export function shuttingDown(): SidecarError {
  return new SidecarError('shutting_down', 'The sidecar is shutting down; nothing was sent or held.');
}

/** Answers a request that we refuse; closes the connection if its body was not read. */
function refuse(deps: RequestDeps, { request, response, passage }: Exchanged, error: unknown): void {
  // A request that was read to its end is also destroyed: only an incomplete one has lost its client.
  const isGone = response.destroyed || (request.destroyed && !request.complete);
  if (!(error instanceof SidecarError) && isGone) return;
  const known =
    error instanceof SidecarError && isRefusal(error.code) ? error : internal(error, passage.create);
  if (isRefusal(known.code)) passage.create?.progress.watch?.refuse(known.code);
  const record = refusalRecord(deps, passage, known);
  deps.recordRefusal(record);
  deps.telemetry.requestRefused(record, labelsOf(passage), passage.traceIds);
  passage.trace?.set({ 'kling.refusal': known.code });
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const answer = refusalAnswer(known, passage.requestId);
  if (known.status === 405) answer.lines.push('allow', String(known.detail['allowed'] ?? 'GET, HEAD, POST'));
  const external = known.detail['externalTaskId'];
  if (typeof external === 'string') answer.lines.push('x-kling-external-task-id', headerSafe(external));
  answer.lines.push(...noteLines(passage.create?.progress.prepared?.price.notes ?? []));
  const totalMs = passage.create ? deps.clock.monotonic() - passage.create.startedTick : 0;
  answer.lines.push('server-timing', `sidecar;dur=${totalMs.toFixed(2)}`);
  writeRefusal(response, answer, deps.clock);
}

/**
 * A fault of ours, without its text. Before anything was sent, the answer is that the ledger is not available; after
 * that, the answer must not make callers send again.
 */
function internal(cause: unknown, create: CreateRequest | null): SidecarError {
  return create?.progress.isSent
    ? new SidecarError(
        'outcome_unknown',
        'The sidecar failed after this create was sent; its credits stay held and it is looked up. Do not send it again.',
        { cause },
      )
    : new SidecarError('ledger_unavailable', 'The sidecar failed on this request; nothing was sent.', {
        cause,
      });
}

function labelsOf({ create }: Passage): CreateLabels | null {
  return create?.progress.prepared?.labels ?? null;
}

function noteWouldRefuse(deps: RequestDeps, passage: Passage, error: SidecarError): void {
  const record = { ...refusalRecord(deps, passage, error), wouldOnly: true };
  deps.recordRefusal(record);
  deps.telemetry.requestRefused(record, labelsOf(passage), passage.traceIds);
}

/** A create that was sent has a hold, which is counted: its credits were not refused. */
function refusalRecord(deps: RequestDeps, passage: Passage, error: SidecarError): RefusalRecord {
  const at = deps.clock.now();
  const { prepared = null, isSent = false } = passage.create?.progress ?? {};
  return {
    id: newId('refusal', at),
    requestId: passage.requestId,
    at,
    app: passage.app,
    tag: passage.tag,
    method: passage.method.slice(0, 16),
    route: passage.route,
    status: error.status,
    word: error.code,
    message: error.message.slice(0, 500),
    credits: isSent ? null : (prepared?.price.credits ?? null),
    budget: typeof error.detail['budget'] === 'string' ? error.detail['budget'] : null,
    wouldOnly: false,
  };
}
