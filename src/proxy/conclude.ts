/**
 * From an answer to the end of its create: the end is durable before the caller gets the answer.
 *
 * **Invariant**: nothing that the caller does changes the record, also not a closed connection. Without a hold the calls are
 * journalled like those of a read.
 */
import type { CallRecord } from '../calls/call.ts';
import type { LookedUp } from '../asking/doubt.ts';
import { within } from '../clock.ts';
import type { CloseArgs, CreateEnd, HeldAs, StoredAnswer } from '../ledger/ledger.ts';
import { leftMs, type CreateDeps, type CreateRequest } from './create-request.ts';
import type { Ms } from '../units.ts';
import { overheadOf, type Timing } from './reply.ts';
import type { Prepared } from './prepare.ts';
import type { Reserved } from './reserve.ts';
import type { Sent } from './send.ts';
import { storable } from './stored-answer.ts';

/** The least time that callers wait for the record of an end, also after their deadline. */
const RECORD_MS_MIN = 1_000;

/** A create whose end is recorded, or is still being recorded. */
export interface Concluded {
  readonly sent: Sent;
  /** Whether nobody knows if Kling took it. */
  readonly isUnknown: boolean;
  /** False if its end was not recorded in time, or if another end was recorded. */
  readonly isRecorded: boolean;
  /** The result of the look-up of a create in doubt; null if there is none to wait for. */
  readonly lookedUp: Promise<LookedUp> | null;
  /** When it was sent and recorded, on the steady clock. */
  readonly endedTick: Ms;
}

/** Records the end of a create that was sent; waits for the record until the caller's deadline. */
export async function conclude(deps: CreateDeps, create: CreateRequest, sent: Sent): Promise<Concluded> {
  const { reserved, verdict } = sent;
  const calls = attemptsOf(deps, create, sent);
  const lastCall = calls.at(-1);
  create.trace?.set({ 'kling.task_id': lastCall?.taskId });
  const answer = keptAnswer(create, sent);
  const isUnknown = verdict.end.kind === 'unknown';
  // The waiter is registered first: the look-up can finish before the commit.
  const lookedUp = isUnknown ? (sent.lookedUp ?? lookUpOf(deps, create, sent)) : null;
  const ended = { end: verdict.end, calls, answer };
  const isRecorded = await recordInTime(deps, create, { reserved, ended });
  for (const call of calls)
    deps.telemetry.callEnded(call, { trace: create.traceIds, isRepeated: call !== lastCall });
  return { sent, isUnknown, isRecorded, lookedUp, endedTick: deps.clock.monotonic() };
}

/** Records the end of a create that is not sent any more; resolves when it is durable. */
export async function endUnsent(
  deps: CreateDeps,
  create: CreateRequest,
  { reserved, end }: { reserved: Reserved; end: CreateEnd },
): Promise<void> {
  const holdId = reserved.hold?.holdId;
  if (holdId !== undefined) await close(deps, create, { holdId, end, calls: [], answer: null });
}

/** Gives the parts of a create's time until now. */
export function timingOf(
  { clock }: Pick<CreateDeps, 'clock'>,
  { startedTick }: CreateRequest,
  { upstreamMs, queueMs }: Omit<Timing, 'totalMs'>,
): Timing {
  return { upstreamMs, queueMs, totalMs: clock.monotonic() - startedTick };
}

/** Gives the answer that is kept for repeats, and for an equal create where the caller is gone already. */
function keptAnswer(
  { progress: { watch } }: CreateRequest,
  { reserved, exchange, verdict }: Sent,
): StoredAnswer | null {
  const answer = verdict.isKept ? exchange.answer : null;
  if (watch) watch.answer = answer;
  const isKept = reserved.prepared.guard !== null || watch?.isLost === true;
  return answer && isKept ? storable(answer) : null;
}

/** Makes the journal's records of attempts, with the time that we took; the last one has the task that Kling made. */
export function attemptsOf(
  deps: Pick<CreateDeps, 'clock'>,
  create: CreateRequest,
  { reserved, exchange: { calls }, upstreamMs, verdict: { end } }: Sent,
): CallRecord[] {
  const overheadMs = overheadOf(timingOf(deps, create, { upstreamMs, queueMs: reserved.queueMs }));
  const taskId = end.kind === 'task' ? end.sighting.taskId : null;
  const last = calls.length - 1;
  return calls.map((call, i) => ({ ...call, overheadMs, taskId: i === last ? taskId : null }));
}

/** Waits for the look-ups of a create in doubt, until its deadline; null if it cannot be looked up. */
function lookUpOf(
  deps: CreateDeps,
  create: CreateRequest,
  { reserved: { hold }, externalTaskId }: Sent,
): Promise<LookedUp> | null {
  if (externalTaskId === null || hold === null) return null;
  return deps.doubts.waitFor(hold.holdId, leftMs(deps, create));
}

interface Ended {
  end: CreateEnd;
  calls: CallRecord[];
  answer: StoredAnswer | null;
}

/** Records an end; false if another end was recorded, or none before the deadline: then the writing continues without the caller. */
async function recordInTime(
  deps: CreateDeps,
  create: CreateRequest,
  { reserved: { hold, prepared }, ended }: { reserved: Reserved; ended: Ended },
): Promise<boolean> {
  if (hold === null) {
    for (const call of ended.calls) deps.journal(call);
    return true;
  }
  const limitMs = Math.max(RECORD_MS_MIN, leftMs(deps, create));
  const closed = { holdId: hold.holdId, heldAs: heldAs(deps, prepared), ...ended };
  return (await within(deps.clock, limitMs, close(deps, create, closed))) ?? false;
}

/** What the ledger reports of a create, as `admitArgs` gave it. */
function heldAs({ owner }: CreateDeps, { price }: Prepared): HeldAs {
  const { operation, model, mode, product, weight } = price;
  return { owner: owner().instance, operation, model, mode, product, weight };
}

async function close(
  deps: CreateDeps,
  create: CreateRequest,
  ended: Omit<CloseArgs, 'at' | 'age'>,
): Promise<boolean> {
  const closeFrom = deps.clock.monotonic();
  const { ages, clockTrust } = deps;
  const age = { now: ages.now(), doubtFrom: ages.doubtFrom };
  const isClosed = await deps.closing.close({ ...ended, at: clockTrust.now(), age });
  create.trace?.step('close', closeFrom, { 'kling.end': ended.end.kind });
  return isClosed;
}
