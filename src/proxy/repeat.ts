/**
 * Repeats of a request: the same key or task id gets the first one's answer, never a second create. So does an equal create that
 * joins one whose answer was lost.
 */
import { SidecarError } from '../errors.ts';
import type { Joined } from '../idempotency/join-table.ts';
import { createAnswerFor } from '../kling/envelope.ts';
import { newId } from '../ids.ts';
import { guardState } from '../ledger/guard.ts';
import { leaveJoin, readJoined, takeJoined } from '../ledger/join.ts';
import type { EndedGuard, GuardState, RepeatGuard, StoredAnswer } from '../ledger/ledger.ts';
import type { Ms } from '../units.ts';
import { leftMs, type CreateDeps, type CreateRequest } from './create-request.ts';
import type { Prepared } from './prepare.ts';
import { headerSafe, noteLines, passedLines, REPLAYED_HEADER, serverTiming } from './reply.ts';
import { refuseUnlessObserving } from './rules.ts';

/** The wait before the store is read again: another process may have answered the first request. */
const ASK_AGAIN_MS = 1_000;

export interface Asked {
  prepared: Prepared;
  /** The state of the first request, if the ledger has just given it; else it is read. */
  state?: GuardState;
  queueMs: Ms;
}

/**
 * Answers a repeat with the kept answer; waits for the first request's answer until the deadline.
 *
 * @returns Null if the caller was answered, or closed its connection. Else the create to continue: it is the first with its key,
 *   or the first one certainly made nothing; in `observe` mode without its guard if the key was used for other bytes.
 * @throws SidecarError `idempotency_in_progress`, `idempotency_mismatch`; `outcome_unknown` if the first one is in
 *   doubt at the deadline, or ended without an answer.
 */
export async function answerRepeat(
  deps: CreateDeps,
  create: CreateRequest,
  { prepared, state, queueMs }: Asked,
): Promise<Prepared | null> {
  const { guard } = prepared;
  if (guard === null) return prepared;
  const read = (): Promise<GuardState> => readState(deps, create, guard);
  const known = state ?? (await read());
  if (prepared.joinHash !== null && 'holdId' in known) await absorb(deps, create, known.holdId);
  const end = await waitForEnd(deps, create, { known, read, refusal: noAnswerYet });
  switch (end?.kind) {
    case undefined:
      return null;
    case 'free':
      create.progress.watch?.end();
      return prepared;
    case 'mismatch':
      refuseUnlessObserving(create, mismatch(end.which));
      return { ...prepared, guard: null };
    case 'answered':
      deps.telemetry.replayed(guard.idempotencyKey === null ? 'task_id' : 'key');
      replay(deps, create, { ...end, notes: prepared.price.notes, queueMs });
      return null;
    case 'ended':
      // Nobody will find out more.
      if (end.taskId === null) create.progress.watch?.end();
      throw ended(end);
  }
}

/**
 * Answers a create that joined an earlier one, as {@link answerRepeat} does. If its own answer is lost, too, the earlier one can be
 * joined again.
 *
 * @returns False if the caller was answered, or closed its connection; true if it continues as a new create, since the earlier one
 *   certainly made nothing.
 * @throws SidecarError `outcome_unknown` if the earlier one is still open at the deadline, or nobody found out what it made.
 */
export async function answerJoin(
  deps: CreateDeps,
  create: CreateRequest,
  { joined, prepared, queueMs }: { joined: Joined; prepared: Prepared; queueMs: Ms },
): Promise<boolean> {
  const { state: known, joinId } = joined;
  const { holdId } = known;
  const watch = deps.lostAnswers.watch({ holdId, isJoin: true, gone: create.gone });
  create.progress.watch = watch;
  deps.telemetry.createJoined({ holdId, requestId: create.requestId, app: create.caller.app });
  const read = (): Promise<GuardState> => deps.store.read(readJoined, { holdId });
  const end = await waitForEnd(deps, create, { known, read, refusal: notJoinedYet });
  switch (end?.kind) {
    case undefined:
      return false;
    case 'answered':
      deps.telemetry.replayed('join');
      replay(deps, create, { ...end, notes: prepared.price.notes, queueMs });
      return false;
    case 'ended':
      deps.telemetry.replayed('join');
      replay(deps, create, { ...answerOfTask(deps, create, end), notes: prepared.price.notes, queueMs });
      return false;
    default:
      watch.end();
      create.progress.watch = null;
      leave(deps, { holdId, joinId });
      return true;
  }
}

/** Where the first answer was lost, this repeat absorbs the loss: no other create joins the first one, unless this answer is lost, too. */
async function absorb(
  { lostAnswers, store }: CreateDeps,
  { gone, progress }: CreateRequest,
  holdId: string,
): Promise<void> {
  // Without the store this repeat absorbs nothing, and gets its answer.
  const { isTaken } = await store.write(takeJoined, { holdId }).catch(() => ({ isTaken: false }));
  if (isTaken) progress.watch = lostAnswers.watch({ holdId, isJoin: true, gone });
}

function leave({ store, onError }: CreateDeps, { holdId, joinId }: { holdId: string; joinId: string }): void {
  store
    .write(leaveJoin, { holdId, joinId })
    .catch((error: unknown) => onError(`the join of ${holdId} could not be removed`, error));
}

type Open = Extract<GuardState, { kind: 'open' }>;

/** How the state of the first request is followed. */
interface Following {
  known: GuardState;
  read: () => Promise<GuardState>;
  /** The error where the first request is still open at the deadline. */
  refusal: (state: Open) => SidecarError;
}

/** Waits for the end of the first request, until the deadline; null if the caller closed its connection. */
async function waitForEnd(
  deps: CreateDeps,
  create: CreateRequest,
  { known, read, refusal }: Following,
): Promise<Exclude<GuardState, Open> | null> {
  let end: Promise<void> | null = null;
  for (let state = known; ; state = await read()) {
    if (state.kind !== 'open') return state;
    const waitMs = leftMs(deps, create);
    if (state.doubt === 'operator' || waitMs <= 0) throw refusal(state);
    if (create.gone.aborted) return null;
    if (end) await end;
    // It waits only after another read: the first request may have ended since the last one.
    end = end ? null : deps.closing.waitFor(state.holdId, Math.min(ASK_AGAIN_MS, waitMs));
  }
}

/** Reads the state of the first request; in `observe` mode a store that is not available stops no create. */
async function readState(deps: CreateDeps, create: CreateRequest, guard: RepeatGuard): Promise<GuardState> {
  try {
    return await deps.store.read(guardState, { app: create.caller.app, ...guard, at: deps.clock.now() });
  } catch (error) {
    if (create.settings.mode === 'protect') throw error;
    return { kind: 'free' };
  }
}

/**
 * Makes the answer for a create of which only the task is known: after a crash, the answer itself is gone.
 * @throws SidecarError `outcome_unknown` without a task.
 */
function answerOfTask(
  { clock }: CreateDeps,
  { route, progress }: CreateRequest,
  end: EndedGuard,
): Pick<Kept, 'answer' | 'externalTaskId'> {
  const { taskId, externalTaskId } = end;
  if (taskId === null) {
    // Nobody will find out more: the next equal create is a new one.
    progress.watch?.end();
    throw joinEnded(end);
  }
  const seen = { taskId, externalTaskId, createdAt: null };
  return { answer: createAnswerFor(route, seen, newId('req', clock.now())), externalTaskId };
}

interface Kept {
  answer: StoredAnswer;
  externalTaskId: string | null;
  notes: readonly string[];
  queueMs: Ms;
}

function replay(deps: CreateDeps, create: CreateRequest, kept: Kept): void {
  const { answer, externalTaskId, notes, queueMs } = kept;
  const totalMs = deps.clock.monotonic() - create.startedTick;
  const ours = ['x-request-id', create.requestId, REPLAYED_HEADER, 'true'];
  if (externalTaskId !== null) ours.push('x-kling-external-task-id', headerSafe(externalTaskId));
  ours.push(...noteLines(notes));
  ours.push('server-timing', serverTiming({ upstreamMs: 0, queueMs, totalMs }));
  create.answer({
    status: answer.status,
    lines: passedLines(answer.headers.flat(), ours),
    body: answer.body,
  });
}

function mismatch(which: string): SidecarError {
  return new SidecarError(
    'idempotency_mismatch',
    `This ${which} was used for another request; use a new one for a new create.`,
    { detail: { which } },
  );
}

function noAnswerYet({ externalTaskId, holdId, doubt }: Open): SidecarError {
  const id = externalTaskId === null ? '' : ` (external task id ${externalTaskId})`;
  if (doubt === null) {
    return new SidecarError(
      'idempotency_in_progress',
      `The first request with this key has no answer yet${id}; ask again with the same key, do not send it as new.`,
      { detail: { externalTaskId } },
    );
  }
  const next =
    doubt === 'operator' ? 'it waits for an operator (kling-sidecar holds list)' : 'its look-up goes on';
  return new SidecarError(
    'outcome_unknown',
    `The first request with this key may have reached Kling${id}: ${next}. Ask later with the same key, do not send it ` +
      'as new.',
    { detail: { sent: 'unknown', holdId, externalTaskId } },
  );
}

/** The error for a create that joined an earlier one which is still open at the deadline. */
function notJoinedYet({ externalTaskId, holdId, doubt }: Open): SidecarError {
  const id = externalTaskId === null ? '' : ` (external task id ${externalTaskId})`;
  const next = {
    operator: 'it waits for an operator (kling-sidecar holds list)',
    looked_up: 'its look-up goes on',
    none: 'it is still being sent',
  }[doubt ?? 'none'];
  return new SidecarError(
    'outcome_unknown',
    `An equal create of this app may have reached Kling${id}, and its answer was lost: ${next}. This one was not sent. ` +
      'Send it again later to get that answer; with an idempotency-key it is a create of its own.',
    { detail: { sent: 'unknown', holdId, externalTaskId } },
  );
}

/** The error for a create that joined one which an operator ended. */
function joinEnded({ holdId, externalTaskId, holdState }: EndedGuard): SidecarError {
  return new SidecarError(
    'outcome_unknown',
    `An operator ended an equal create of this app (its hold is ${holdState.replace('_', ' ')}), and nobody found out what ` +
      'Kling made of it. This one was not sent; the next one is a new create.',
    { detail: { sent: 'unknown', holdId, externalTaskId, holdState } },
  );
}

/** The error for a request that has ended without a kept answer: only a new key makes a new create. */
function ended({ holdId, externalTaskId, holdState, taskId }: EndedGuard): SidecarError {
  const what =
    taskId === null
      ? `An operator ended the first request with this key (its hold is ${holdState.replace('_', ' ')}): nobody found out ` +
        'what Kling made of it'
      : `Kling made task ${taskId} for the first request with this key, and its answer was lost: read that task`;
  return new SidecarError(
    'outcome_unknown',
    `${what}. This key gets no other answer; use a new key for a new create.`,
    { detail: { sent: 'unknown', holdId, externalTaskId, holdState, taskId } },
  );
}
