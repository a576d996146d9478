/**
 * Sends a create, and decides what is sent again: the caller need not.
 *
 * At once, without our external task id or our address for callbacks, if Kling refuses that field. After a wait (`pacing/backoff.ts`), if no byte left, or if
 * Kling answered that it has too much to do (1302, 1303): both prove that nothing was made. After look-ups, with the same
 * external task id, if Kling answered that it is in trouble (5000, 5001) and twice that there is no such task: if the first
 * send made a task after all, Kling refuses the second one as a duplicate.
 *
 * **Invariant**: nothing is sent again in `observe` mode, after the caller went away, after the deadline less
 * {@link SEND_MS_MIN}, while the sidecar
 * stops, while the breaker is open, or before the store has recorded it. After a second send that may be a duplicate nothing
 * but a look-up ends the doubt.
 */
import { sleep } from '../clock.ts';
import { refusedField } from '../kling/envelope.ts';
import type { OwnField } from '../kling/own-fields.ts';
import { dropExternalId } from '../ledger/drop-external-id.ts';
import { poolsOf } from '../pacing/slot.ts';
import { backoffMs, TRIES_MAX, type BackoffReason } from '../pacing/backoff.ts';
import type { Ms } from '../units.ts';
import { SEND_MS_MIN } from './caller.ts';
import { attemptsOf, type Concluded } from './conclude.ts';
import { lacksTime, leftMs, type CreateDeps, type CreateRequest } from './create-request.ts';
import type { Reserved } from './reserve.ts';
import { sendOnce, type Sending, type Sent } from './send.ts';

/** Sends a create, and again as long as it is proved that nothing was made. */
export async function send(deps: CreateDeps, create: CreateRequest, reserved: Reserved): Promise<Sent> {
  const { bytes: body, externalTaskId } = reserved.prepared;
  const first = { reserved, body, externalTaskId, attempts: 0, upstreamMs: 0, mayBeMade: false };
  let sent = await sendOnce(deps, create, { ...first, lookedUp: null });
  for (;;) {
    const next = await waitForNext(deps, create, sent);
    if (next === null || !(await isRecorded(deps, create, sent))) return sent;
    sent = withoutCalls(sent);
    if (isOver(deps, create) || !(await isIdDropped(deps, sent, next.sending))) return sent;
    deps.telemetry.retried(next.reason);
    sent = await sendOnce(deps, create, next.sending);
  }
}

/**
 * Sends a create in doubt once more with the same external task id, after its look-ups; null if that is not allowed or not
 * needed.
 */
export async function sendAfterLookUps(
  deps: CreateDeps,
  create: CreateRequest,
  { sent: before, lookedUp, isRecorded: isInDoubt, endedTick }: Concluded,
): Promise<Sent | null> {
  const mayFollow = create.settings.resendsCreates && isInTrouble(before);
  const holdId = before.reserved.hold?.holdId;
  if (!mayFollow || !isInDoubt || !lookedUp || holdId === undefined || before.attempts >= TRIES_MAX)
    return null;
  if ((await lookedUp).kind !== 'absent' || isOver(deps, create)) return null;
  // The waiter is registered before anything is sent: a look-up during the second send can find the first one's task.
  const lookedUpAgain = deps.doubts.waitFor(holdId, leftMs(deps, create));
  const sent = { ...withoutCalls(before), mayBeMade: true, lookedUp: lookedUpAgain };
  if (!(await isRecorded(deps, create, sent)) || isOver(deps, create)) return null;
  deps.telemetry.retried('not_found');
  const waitedMs = deps.clock.monotonic() - endedTick;
  return sendOnce(deps, create, { ...sent, upstreamMs: sent.upstreamMs + waitedMs });
}

/** Returns whether Kling itself answered 5000 or 5001: a proxy's JSON may have a code, too, but no request id. */
function isInTrouble({ exchange: { answer }, verdict: { info } }: Sent): boolean {
  return info?.retry === 'look_up' && answer?.envelope?.requestId != null;
}

/** Waits for the time at which a create may be sent again, and gives what to send; null if nothing is sent again. */
async function waitForNext(
  deps: CreateDeps,
  create: CreateRequest,
  sent: Sent,
): Promise<{ sending: Sending; reason: string } | null> {
  const { own } = sent.reserved.prepared;
  const field = own === null ? null : ownRefusedField(sent);
  if (field !== null && deps.injection.stop(create.route.template, field))
    deps.telemetry.fieldRefused(field, create.route.template);
  if (!create.settings.resendsCreates || sent.mayBeMade || isOver(deps, create)) return null;
  if (own !== null && field !== null) {
    const { bytes: body, externalTaskId } = own.without(field);
    return { sending: { ...sent, body, externalTaskId }, reason: `${field}_refused` };
  }
  const reason = whyNothingWasMade(sent);
  if (reason === null) return null;
  const waitMs = waitBefore(deps, sent, reason);
  if (waitMs === null || leftMs(deps, create) - waitMs < SEND_MS_MIN) return null;
  const waitedFrom = deps.clock.monotonic();
  await sleep(deps.clock, waitMs, create.gone).catch(() => undefined);
  create.trace?.step('back_off', waitedFrom, { 'kling.reason': reason });
  if (isOver(deps, create)) return null;
  const sending = { ...sent, upstreamMs: sent.upstreamMs + deps.clock.monotonic() - waitedFrom };
  return { sending, reason: sent.exchange.failure?.errorClass ?? 'throttled' };
}

/** Gives the field of ours in the body that Kling refused; null if it refused none. */
function ownRefusedField({ reserved: { prepared }, exchange: { answer } }: Sent): OwnField | null {
  const field = answer && refusedField(answer.status, answer.envelope);
  return field !== null && prepared.own?.has(field) ? field : null;
}

/** Gives the reason by which a wait is chosen, if it is proved that nothing was made and another try can help; else null. */
function whyNothingWasMade({ exchange: { failure }, verdict: { end, info } }: Sent): BackoffReason | null {
  // With all connections busy, or none that this machine can open, another try only adds to the load.
  if (failure !== null) return failure.sent || failure.errorClass === 'no_connection' ? null : 'failed';
  return end.kind === 'refused' && info?.retry === 'wait' ? 'throttled' : null;
}

/** Gives the wait before the next try, never shorter than the pause of the create's pools; null after the last try. */
function waitBefore({ slots, random }: CreateDeps, sent: Sent, reason: BackoffReason): Ms | null {
  const { attempts: tries, retryAfterMs: askedMs, reserved } = sent;
  const waitMs = backoffMs(reason, { tries, askedMs, random: random() });
  return waitMs === null ? null : Math.max(waitMs, slots.pauseMs(poolsOf(reserved.prepared.price)));
}

function isOver(deps: CreateDeps, create: CreateRequest): boolean {
  return create.gone.aborted || deps.slots.isClosed || deps.breaker.isOpen || lacksTime(deps, create);
}

/** Records the attempts until now and that another one follows; false if it must not follow, or if the store fails. */
async function isRecorded(deps: CreateDeps, create: CreateRequest, sent: Sent): Promise<boolean> {
  const holdId = sent.reserved.hold?.holdId;
  if (holdId === undefined) return false;
  const { ages, clockTrust } = deps;
  const calls = attemptsOf(deps, create, sent);
  const age = { now: ages.now(), doubtFrom: ages.doubtFrom };
  const isInDoubt = sent.mayBeMade;
  if (!(await deps.closing.sendAgain({ holdId, at: clockTrust.now(), age, isInDoubt, calls }))) return false;
  for (const call of calls) deps.telemetry.callEnded(call, { trace: create.traceIds, isRepeated: true });
  return true;
}

function withoutCalls(sent: Sent): Sent {
  return { ...sent, exchange: { ...sent.exchange, calls: [] } };
}

/**
 * Removes the external id from the hold if the next send has none; false if that is not durable. Kling never gets the id, so a
 * look-up that does not find it would prove nothing.
 */
async function isIdDropped({ store }: CreateDeps, sent: Sent, next: Sending): Promise<boolean> {
  const { hold } = sent.reserved;
  if (hold === null || next.externalTaskId === sent.externalTaskId) return true;
  try {
    await store.write(dropExternalId, { holdId: hold.holdId });
    return true;
  } catch {
    return false;
  }
}
