/**
 * A create, step by step: read, prepare, reserve, send, conclude, answer.
 *
 * Each step takes the value of the step before and gives its own: `Prepared` (the bytes to send, and their price), `Reserved` (its
 * hold is on disk), `Sent` (Kling's answer), `Concluded` (its end is on disk). The order matters: the hold is durable before a
 * byte leaves, and the task id is durable before the caller gets it.
 *
 * **Invariant**: one create of a caller makes one task. It is sent again only if that is sure (`send-again.ts`): nothing was
 * made, or Kling refuses the second send as a duplicate of the first.
 */
import type { BodyBuffer } from './body.ts';
import { conclude, endUnsent, type Concluded } from './conclude.ts';
import { answerCreate } from './create-answer.ts';
import { tooLate } from './create-errors.ts';
import { lacksTime, type CreateDeps, type CreateRequest } from './create-request.ts';
import { CreatePermit } from './create-permit.ts';
import { tracePrice } from './create-trace.ts';
import { prepareCreate, type Prepared } from './prepare.ts';
import { reserve, type Reserved, type Wanted } from './reserve.ts';
import { send, sendAfterLookUps } from './send-again.ts';
import type { Sent } from './send.ts';
import { retryTaskId } from '../task-retries/retry-id.ts';
import { ruleFor } from '../task-retries/retry-rules.ts';

/**
 * Handles one create from its body to its answer; the room of its body is not needed afterwards.
 * Refusals are thrown as SidecarError.
 */
export async function handleCreate(
  deps: CreateDeps,
  create: CreateRequest,
  body: Promise<BodyBuffer>,
): Promise<void> {
  const prepared = await prepare(deps, create, await body);
  const permit = new CreatePermit(deps, create, prepared);
  try {
    await carryOut(deps, create, { prepared, permit });
  } finally {
    permit.end();
  }
}

/** Reserves, sends, concludes and answers. */
async function carryOut(deps: CreateDeps, create: CreateRequest, wanted: Wanted): Promise<void> {
  const reserved = await reserve(deps, create, wanted);
  if (reserved === null) return;
  try {
    if (await isGivenUp(deps, create, reserved)) return;
    watchAnswer(deps, create, reserved);
    const sent = await sendSafely(deps, create, reserved);
    const concluded = await conclude(deps, create, sent);
    await answerCreate(deps, create, await followLookUps(deps, create, concluded));
  } finally {
    reserved.line.release();
  }
}

/** Checks, prices and completes the body. */
async function prepare(deps: CreateDeps, create: CreateRequest, body: BodyBuffer): Promise<Prepared> {
  const { settings, frame, caller, route, path, trace, retry } = create;
  const rule = retry === null && settings.retryRules.length > 0 ? ruleFor(settings.retryRules, caller) : null;
  const preparing = prepareCreate({
    route,
    path,
    headers: frame.headers,
    body,
    caller,
    settings,
    unpricedCredits: create.unpricedCredits,
    mayInject: (field) => deps.injection.mayInject(route.template, field),
    retryTaskId: retry === null ? null : retryTaskId(retry),
    keptBytesMax: (rule?.maxBodyKiB ?? 0) * 1024,
    clock: deps.clock,
    dated: deps.clockTrust,
    onWouldRefuse: create.noteWouldRefuse,
    onWouldEdit: create.noteWouldEdit,
  });
  const prepared = preparing instanceof Promise ? await preparing : preparing;
  create.progress.prepared = prepared;
  if (rule !== null && prepared.kept === null) deps.telemetry.taskRetryNotKept();
  deps.telemetry.createPriced(caller.app, prepared.price);
  if (trace) tracePrice(trace, prepared);
  return prepared;
}

/**
 * Ends a create without sending it, if its caller closed its connection or too little time was left while the hold was made.
 * @throws SidecarError `upstream_timeout`.
 */
async function isGivenUp(deps: CreateDeps, create: CreateRequest, reserved: Reserved): Promise<boolean> {
  const isGone = create.gone.aborted;
  if (!isGone && !lacksTime(deps, create)) return false;
  const why = isGone ? 'the caller went away' : 'too little of the deadline was left';
  const end = { kind: 'refused', evidence: `${why} before the request was sent` } as const;
  await endUnsent(deps, create, { reserved, end });
  if (!isGone) throw tooLate();
  return true;
}

/** From now on an equal create joins this one if its caller does not get its answer. */
function watchAnswer(
  { lostAnswers }: CreateDeps,
  { gone, progress }: CreateRequest,
  { hold, prepared }: Reserved,
): void {
  if (hold === null || prepared.joinHash === null) return;
  progress.watch = lostAnswers.watch({ holdId: hold.holdId, isJoin: false, gone });
}

/** Sends it, as often as nothing was made. */
function sendSafely(deps: CreateDeps, create: CreateRequest, reserved: Reserved): Promise<Sent> {
  create.progress.isSent = true;
  return orDoubt(deps, create, { reserved, sending: send(deps, create, reserved) });
}

/** Sends a create in doubt again where its look-ups allow it, and gives its last conclusion. */
async function followLookUps(
  deps: CreateDeps,
  create: CreateRequest,
  concluded: Concluded,
): Promise<Concluded> {
  const { reserved } = concluded.sent;
  const sending = sendAfterLookUps(deps, create, concluded);
  const again = await orDoubt(deps, create, { reserved, sending });
  if (again === null) return concluded;
  return followLookUps(deps, create, await conclude(deps, create, again));
}

/** If sending fails by a fault of ours, nobody knows which bytes had left, and the hold is put in doubt. */
async function orDoubt<T>(
  deps: CreateDeps,
  create: CreateRequest,
  { reserved, sending }: { reserved: Reserved; sending: Promise<T> },
): Promise<T> {
  try {
    return await sending;
  } catch (error) {
    const end = { kind: 'unknown', evidence: 'the sidecar failed while it was sent' } as const;
    await endUnsent(deps, create, { reserved, end });
    throw error;
  }
}
