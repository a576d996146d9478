/**
 * A create's way: read, price, hold, send once, close, answer.
 *
 * The order is the promise. The hold is durable before a byte leaves; the task id is durable before the caller
 * hears of it; after the send nothing that the caller does (hanging up included) changes what is recorded.
 *
 * **Invariant**: one create of a caller is sent once; a second send happens only where Kling's answer proves that
 * the first made nothing (an expired token, a refused `external_task_id` field).
 */
import { SidecarError } from '../errors.ts';
import { refusesExternalId } from '../kling/envelope.ts';
import { admit } from '../ledger/admit.ts';
import { dropExternalId } from '../ledger/drop-external-id.ts';
import type { AdmitArgs, AdmitResult, CreateEnd, StoredAnswer } from '../ledger/ledger.ts';
import type { Ms } from '../units.ts';
import type { Line } from '../upstream/line.ts';
import type { Exchange } from '../upstream/upstream.ts';
import type { Answer } from '../upstream/whole-answer.ts';
import { admitArgs } from './admit-args.ts';
import type { BodyPlace } from './body-room.ts';
import { readBody } from './body.ts';
import { SEND_MS_MIN } from './caller.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import { traceHold, tracePrice } from './create-trace.ts';
import { judge } from './judge.ts';
import { prepareCreate, type PreparedCreate } from './prepare.ts';
import { enterSlots } from './queue.ts';
import { answerRepeat } from './repeat.ts';
import {
  headerSafe,
  noteLines,
  passedLines,
  overheadOf,
  serverTiming,
  writeAnswer,
  type Timing,
} from './reply.ts';
import { tooLate, unknownOutcome } from './create-errors.ts';
import { checkRules, refusalError, settleClock } from './rules.ts';
import { fromStored, storable } from './stored-answer.ts';

type Admitted = Extract<AdmitResult, { kind: 'admitted' }>;
const UNHELD: Admitted = {
  kind: 'admitted',
  remainingCredits: null,
  budget: null,
  wouldRefuse: null,
  facts: [],
};

/** What a create needs to be answered and recorded once it is held. */
interface Held {
  holdId: string;
  prepared: PreparedCreate;
  admitted: Admitted;
  queueMs: Ms;
  /** In use until the create is answered: it goes where its hold says, also in the middle of a reload. */
  line: Line;
}

/**
 * Handles one create from its headers to its answer, with the place of its body, which is no longer needed afterwards.
 * Refusals are thrown as SidecarError.
 */
export async function handleCreate(deps: CreateDeps, create: CreateRequest, place: BodyPlace): Promise<void> {
  const { settings, request, frame, caller } = create;
  const body = await readBody(request, { bytesMax: settings.bodyBytesMax, place });
  const prepared = await prepareCreate({
    route: create.route,
    path: create.path,
    headers: frame.headers,
    body,
    caller,
    settings,
    mayInject: deps.injection.mayInject(create.route.template),
    clock: deps.clock,
    onWouldRefuse: create.noteWouldRefuse,
    onWouldEdit: create.noteWouldEdit,
  });
  create.labels = labelsOf(create, prepared);
  create.credits = prepared.price.credits;
  create.notes = prepared.price.notes;
  deps.telemetry.createPriced(caller.app, prepared.price);
  if (create.trace) tracePrice(create.trace, create, prepared);
  if (prepared.guard && (await answerRepeat(deps, create, prepared))) return;
  checkRules(deps, create, prepared);
  await settleClock(deps, create);
  const held = await hold(deps, create, prepared);
  if (held) await sendAndClose(deps, create, held).finally(() => held.line.release());
}

function labelsOf(create: CreateRequest, prepared: PreparedCreate): CreateRequest['labels'] {
  const { operation, model, mode } = prepared.price;
  return { app: create.caller.app, operation, model, mode };
}

/** Waits for slots and takes the hold; answers repeats; null where the caller has been answered or is gone. */
async function hold(deps: CreateDeps, create: CreateRequest, prepared: PreparedCreate): Promise<Held | null> {
  const { settings, caller } = create;
  const price = prepared.price;
  for (;;) {
    const ticket = await enterSlots(deps, create, {
      product: price.product,
      model: price.model,
      weight: price.weight,
      app: caller.app,
      appRequestsPerMinute: settings.mode === 'observe' ? null : (caller.settings?.requestsPerMinute ?? null),
      waitMsMax: leftMs(deps, create) - SEND_MS_MIN,
      signal: create.gone,
    });
    if (ticket === null) return null;
    create.queueMs += ticket.waitedMs;
    if (ticket.pool !== null) deps.telemetry.queueWaited(ticket.pool, ticket.waitedMs);
    const line = deps.upstream.line.use();
    let held: Held | null = null;
    try {
      // Again, since the clock may have stepped in the queue: from here to the date nothing is waited for.
      await settleClock(deps, create);
      if (create.gone.aborted) return null;
      if (lacksTime(deps, create)) throw tooLate();
      const args = admitArgs(deps, create, { prepared, line });
      const heldFrom = deps.clock.monotonic();
      const result = await tryAdmit(deps, create, args);
      if (create.trace) traceHold(create.trace, { heldFrom, args, result });
      const { queueMs } = create;
      if (result === null) return (held = { holdId: '', prepared, admitted: UNHELD, queueMs, line });
      if (result.kind === 'refused') throw refusalError(result.refusal, settings.budgetStatus);
      if (result.kind === 'admitted') {
        ticket.keepFor(args.hold.holdId);
        if (create.trace) deps.traces.remember(args.hold.holdId, create.trace, args.hold.at);
        noteAdmitted(deps, create, result);
        return (held = { holdId: args.hold.holdId, prepared, admitted: result, queueMs, line });
      }
    } finally {
      if (held === null) line.release();
      ticket.giveBack();
    }
    // Somebody else came first with the same key: its answer is this one's, or the key was used for something else.
    if (prepared.guard && (await answerRepeat(deps, create, prepared))) return null;
  }
}

/** Runs the admission; null where it fails in `observe` mode, which then forwards without a hold. */
async function tryAdmit(
  deps: CreateDeps,
  create: CreateRequest,
  args: AdmitArgs,
): Promise<AdmitResult | null> {
  try {
    return await deps.ledger.run(admit, args);
  } catch (error) {
    if (create.settings.mode !== 'observe') throw error;
    const frozen = deps.lastFreeze.state;
    if (frozen) throw refusalError({ word: 'spending_frozen', ...frozen }, create.settings.budgetStatus);
    deps.onError('a create of mode observe could not be held and is forwarded without a hold', error);
    if (error instanceof SidecarError) create.noteWouldRefuse(error);
    return null;
  }
}

function noteAdmitted(deps: CreateDeps, create: CreateRequest, result: Admitted): void {
  if (create.labels) deps.telemetry.createHeld(create.labels, create.credits ?? create.unpricedCredits);
  if (result.wouldRefuse)
    create.noteWouldRefuse(refusalError(result.wouldRefuse, create.settings.budgetStatus));
}

/** Sends a held create and sees it to its end, whether or not the caller is still there. */
async function sendAndClose(deps: CreateDeps, create: CreateRequest, held: Held): Promise<void> {
  const isGone = create.gone.aborted;
  if (isGone || lacksTime(deps, create)) {
    const why = isGone ? 'the caller went away' : 'too little of the deadline was left';
    const end: CreateEnd = { kind: 'refused', evidence: `${why} before the request was sent` };
    await close(deps, create, { held, end, calls: [], answer: null });
    if (isGone) return;
    throw tooLate();
  }
  create.isSent = true;
  const exchange = await send(deps, create, held).catch(async (error: unknown) => {
    // A fault of ours: nobody knows what had left.
    const end: CreateEnd = { kind: 'unknown', evidence: 'the sidecar failed while it was sent' };
    await close(deps, create, { held, end, calls: [], answer: null });
    throw error;
  });
  const verdict = judge(exchange, {
    route: create.route,
    externalTaskId: held.prepared.externalTaskId,
    price: create.settings.cashPrice,
  });
  deps.noteVerdict(create, verdict);
  for (const call of exchange.calls) {
    call.holdId = held.holdId === '' ? null : held.holdId;
    call.overheadMs = overheadOf(timing(deps, create, exchange.upstreamMs));
  }
  const lastCall = exchange.calls.at(-1);
  if (lastCall && verdict.end.kind === 'task') lastCall.taskId = verdict.end.sighting.taskId;
  create.trace?.set({ 'kling.task_id': lastCall?.taskId });
  const kept = held.prepared.guard && verdict.isKept && exchange.answer ? storable(exchange.answer) : null;
  // Asked before the end is recorded: a look-up may be quicker than the disk.
  const looked = verdict.end.kind === 'unknown' ? lookedUp(deps, create, held) : null;
  const closed = close(deps, create, { held, end: verdict.end, calls: exchange.calls, answer: kept });
  const isRecorded = await within(deps, create, closed);
  for (const call of exchange.calls)
    deps.telemetry.callEnded(call, { trace: create.traceIds, isRepeated: call !== lastCall });
  const isUnknown = verdict.end.kind === 'unknown';
  if (!isRecorded) throw unknownOutcome(held, 'its outcome could not be recorded yet', exchange.answer);
  await answerCreate(deps, create, { held, exchange, looked, isUnknown });
}

/** Gives the answer of a create in doubt once a look-up finds its task; null where none can be made. */
function lookedUp(deps: CreateDeps, create: CreateRequest, held: Held): Promise<StoredAnswer | null> | null {
  if (held.prepared.externalTaskId === null || held.holdId === '') return null;
  return deps.doubts.waitFor(held.holdId, leftMs(deps, create));
}

async function send(deps: CreateDeps, create: CreateRequest, held: Held): Promise<Exchange> {
  const { prepared, line } = held;
  const first = await exchangeOnce(deps, create, { line, body: prepared.bytes, firstAttempt: 1 });
  if (
    prepared.original === null ||
    !first.answer ||
    !refusesExternalId(first.answer.status, first.answer.envelope)
  )
    return first;
  deps.injection.stop(create.route.template);
  if (lacksTime(deps, create) || !(await withoutExternalId(deps, held))) return first;
  deps.telemetry.retried('external_task_id_refused');
  const firstAttempt = first.calls.length + 1;
  const second = await exchangeOnce(deps, create, { line, body: prepared.original(), firstAttempt });
  return {
    ...second,
    calls: [...first.calls, ...second.calls],
    upstreamMs: first.upstreamMs + second.upstreamMs,
  };
}

/**
 * Takes the id off the hold before the original bytes leave: Kling never got it, so its absence would prove nothing.
 * @returns False where that could not be made durable; then nothing more is sent.
 */
async function withoutExternalId(deps: CreateDeps, held: Held): Promise<boolean> {
  held.prepared.externalTaskId = null;
  if (held.holdId === '') return true;
  try {
    await deps.store.write(dropExternalId, { holdId: held.holdId });
    return true;
  } catch {
    return false;
  }
}

function exchangeOnce(
  deps: CreateDeps,
  create: CreateRequest,
  { line, body, firstAttempt }: { line: Line; body: Uint8Array; firstAttempt: number },
): Promise<Exchange> {
  const { frame, caller, requestId, route } = create;
  return deps.upstream.exchange(
    { method: 'POST', path: create.path, headers: frame.forward, body },
    {
      context: {
        requestId,
        app: caller.app,
        tag: caller.tag,
        route: route.template,
        holdId: null,
        origin: 'app',
        overheadMs: 0,
      },
      line,
      firstAttempt,
      timeoutMs: create.settings.upstreamTimeoutMs,
      deadlineMs: leftMs(deps, create),
      repeatMsMin: create.settings.mode === 'protect' ? SEND_MS_MIN : 0,
      trace: create.trace,
    },
  );
}

type Ending = Pick<Parameters<CreateDeps['closing']['close']>[0], 'end' | 'calls' | 'answer'> & {
  held: Held;
};

/** Records an end; false where it is not recorded as given. Without a hold its calls are journalled as those of a read. */
async function close(deps: CreateDeps, create: CreateRequest, { held, ...end }: Ending): Promise<boolean> {
  if (held.holdId === '') {
    for (const call of end.calls) deps.journal(call);
    return true;
  }
  const closeFrom = deps.clock.monotonic();
  const { ages, clockTrust } = deps;
  const age = { now: ages.now(), doubtFrom: ages.doubtFrom };
  const isClosed = await deps.closing.close({ holdId: held.holdId, at: clockTrust.now(), age, ...end });
  create.trace?.step('close', closeFrom, { 'kling.end': end.end.kind });
  return isClosed;
}

/** Waits for what a promise says until the create's deadline; false where that passed first. */
async function within(deps: CreateDeps, create: CreateRequest, promise: Promise<boolean>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = deps.clock.after(Math.max(1_000, leftMs(deps, create)), () => resolve(false));
  const isDone = await Promise.race([promise, late]);
  timer.cancel();
  return isDone;
}

interface Outcome {
  held: Held;
  exchange: Exchange;
  /** Given where the outcome is in doubt and can be looked up. */
  looked: Promise<StoredAnswer | null> | null;
  /** Whether nobody knows what Kling made of it. */
  isUnknown: boolean;
}

/**
 * Answers the caller: with Kling's answer, with that of a look-up, or with what we know.
 *
 * In `protect` mode an answer that leaves the create in doubt is never passed on: SDKs send again on its 429 or 5xx,
 * and the second send would be a second bill.
 */
async function answerCreate(deps: CreateDeps, create: CreateRequest, outcome: Outcome): Promise<void> {
  const { held, exchange, looked, isUnknown } = outcome;
  if (looked !== null) {
    const waitedFrom = deps.clock.monotonic();
    const found = await looked;
    exchange.upstreamMs += deps.clock.monotonic() - waitedFrom;
    if (found) {
      reply(deps, create, { held, upstreamMs: exchange.upstreamMs, answer: fromStored(found) });
      return;
    }
  }
  if (exchange.answer) {
    if (isUnknown && create.settings.mode === 'protect')
      throw unknownOutcome(held, `it answered with HTTP ${exchange.answer.status}`, exchange.answer);
    reply(deps, create, { held, upstreamMs: exchange.upstreamMs, answer: exchange.answer });
    return;
  }
  const failure = exchange.failure;
  if (failure && !failure.sent) {
    throw new SidecarError(
      failure.isLate ? 'upstream_timeout' : 'upstream_unreachable',
      `Kling could not be reached (${failure.cause}); nothing was sent and nothing is held.`,
      { detail: { sent: 'no', cause: failure.cause } },
    );
  }
  throw unknownOutcome(held, failure?.cause ?? 'no complete answer came');
}

interface Reply {
  held: Held;
  upstreamMs: Ms;
  answer: Pick<Answer, 'status' | 'reason' | 'headers' | 'body'>;
}

function reply(deps: CreateDeps, create: CreateRequest, { held, upstreamMs, answer }: Reply): void {
  const { admitted, prepared } = held;
  const ours = ['x-request-id', create.requestId];
  if (held.holdId !== '') {
    ours.push('x-kling-credits-held', String((create.credits ?? create.unpricedCredits) / 1000));
  }
  if (admitted.remainingCredits !== null) {
    ours.push('x-kling-budget-remaining', String(admitted.remainingCredits / 1000));
  }
  if (prepared.externalTaskId !== null)
    ours.push('x-kling-external-task-id', headerSafe(prepared.externalTaskId));
  ours.push(...noteLines(create.notes));
  ours.push('server-timing', serverTiming(timing(deps, create, upstreamMs)));
  writeAnswer(create.response, {
    status: answer.status,
    reason: answer.reason,
    lines: passedLines(answer.headers, ours),
    body: answer.body,
  });
}

function timing(deps: CreateDeps, create: CreateRequest, upstreamMs: Ms): Timing {
  return { upstreamMs, queueMs: create.queueMs, totalMs: deps.clock.monotonic() - create.startedTick };
}

function leftMs(deps: CreateDeps, create: CreateRequest): Ms {
  return create.deadlineTick - deps.clock.monotonic();
}

/** Whether too little time is left to send; `observe` mode sends whatever is left. */
function lacksTime(deps: CreateDeps, create: CreateRequest): boolean {
  return create.settings.mode === 'protect' && leftMs(deps, create) < SEND_MS_MIN;
}
