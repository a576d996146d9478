/**
 * From an exchange to its end: what it means is judged, and made durable before the caller hears of it.
 *
 * **Invariant**: nothing that the caller does (hanging up included) changes what is recorded. Without a hold the calls are
 * journalled as those of a read.
 */
import type { CallRecord } from '../calls/call.ts';
import { within } from '../clock.ts';
import type { CreateEnd, StoredAnswer } from '../ledger/ledger.ts';
import { leftMs, type CreateDeps, type CreateRequest } from './create-request.ts';
import { judge, type Verdict } from './judge.ts';
import { noteVerdict } from './note-verdict.ts';
import { overheadOf, type Timing } from './reply.ts';
import type { Reserved } from './reserve.ts';
import type { Sent } from './send.ts';
import { storable } from './stored-answer.ts';

/** Callers wait at least this long for the record of an end, also where their deadline is over. */
const RECORD_MS_MIN = 1_000;

/** A create whose end is recorded, or goes on being recorded. */
export interface Concluded {
  readonly sent: Sent;
  /** Whether nobody knows what Kling made of it. */
  readonly isUnknown: boolean;
  /** False where its end was not recorded in time, or not as it was judged. */
  readonly isRecorded: boolean;
  /** What a look-up finds of a create in doubt; null where there is none to wait for. */
  readonly lookedUp: Promise<StoredAnswer | null> | null;
}

/** Judges a create that was sent, and records its end; waits for the record as long as its caller may wait. */
export async function conclude(deps: CreateDeps, create: CreateRequest, sent: Sent): Promise<Concluded> {
  const { reserved, exchange, externalTaskId } = sent;
  const { prepared } = reserved;
  const verdict = judge(exchange, { route: create.route, externalTaskId, price: create.settings.cashPrice });
  noteVerdict(deps, create, { prepared, verdict });
  const calls = callsOf(deps, create, { sent, verdict });
  const lastCall = calls.at(-1);
  create.trace?.set({ 'kling.task_id': lastCall?.taskId });
  const answer = prepared.guard && verdict.isKept && exchange.answer ? storable(exchange.answer) : null;
  const isUnknown = verdict.end.kind === 'unknown';
  // The waiter is registered first: the look-up can finish before the commit.
  const lookedUp = isUnknown ? lookUpOf(deps, create, sent) : null;
  const ended = { end: verdict.end, calls, answer };
  const isRecorded = await recordInTime(deps, create, { reserved, ended });
  for (const call of calls)
    deps.telemetry.callEnded(call, { trace: create.traceIds, isRepeated: call !== lastCall });
  return { sent, isUnknown, isRecorded, lookedUp };
}

/** Records the end of a create of which nothing more is sent; resolves once it is durable. */
export async function endUnsent(
  deps: CreateDeps,
  create: CreateRequest,
  { reserved, end }: { reserved: Reserved; end: CreateEnd },
): Promise<void> {
  if (reserved.hold) await close(deps, create, reserved.hold.holdId, { end, calls: [], answer: null });
}

/** Gives where a create's time went until now. */
export function timingOf(
  { clock }: Pick<CreateDeps, 'clock'>,
  { startedTick }: CreateRequest,
  { upstreamMs, queueMs }: Omit<Timing, 'totalMs'>,
): Timing {
  return { upstreamMs, queueMs, totalMs: clock.monotonic() - startedTick };
}

/** Makes the journal's records: with the time that was spent in us, and the last one with the task that Kling made. */
function callsOf(
  deps: CreateDeps,
  create: CreateRequest,
  { sent: { reserved, exchange }, verdict: { end } }: { sent: Sent; verdict: Verdict },
): CallRecord[] {
  const { upstreamMs, calls } = exchange;
  const overheadMs = overheadOf(timingOf(deps, create, { upstreamMs, queueMs: reserved.queueMs }));
  const taskId = end.kind === 'task' ? end.sighting.taskId : null;
  const last = calls.length - 1;
  return calls.map((call, i) => ({ ...call, overheadMs, taskId: i === last ? taskId : null }));
}

/** Waits for the look-ups of a create in doubt, until its deadline; null where none can be made. */
function lookUpOf(
  deps: CreateDeps,
  create: CreateRequest,
  { reserved: { hold }, externalTaskId }: Sent,
): Promise<StoredAnswer | null> | null {
  if (externalTaskId === null || hold === null) return null;
  return deps.doubts.waitFor(hold.holdId, leftMs(deps, create));
}

interface Ended {
  end: CreateEnd;
  calls: CallRecord[];
  answer: StoredAnswer | null;
}

/** Records an end; false where it is not recorded as given, or not before the deadline: then it goes on by itself. */
async function recordInTime(
  deps: CreateDeps,
  create: CreateRequest,
  { reserved: { hold }, ended }: { reserved: Reserved; ended: Ended },
): Promise<boolean> {
  if (hold === null) {
    for (const call of ended.calls) deps.journal(call);
    return true;
  }
  const limitMs = Math.max(RECORD_MS_MIN, leftMs(deps, create));
  return (await within(deps.clock, limitMs, close(deps, create, hold.holdId, ended))) ?? false;
}

async function close(
  deps: CreateDeps,
  create: CreateRequest,
  holdId: string,
  ended: Ended,
): Promise<boolean> {
  const closeFrom = deps.clock.monotonic();
  const { ages, clockTrust } = deps;
  const age = { now: ages.now(), doubtFrom: ages.doubtFrom };
  const isClosed = await deps.closing.close({ holdId, at: clockTrust.now(), age, ...ended });
  create.trace?.step('close', closeFrom, { 'kling.end': ended.end.kind });
  return isClosed;
}
