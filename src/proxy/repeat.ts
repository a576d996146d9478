/** Repeats of a request: the same key or task id gets the first one's answer, never a second create. */
import { SidecarError } from '../errors.ts';
import { guardState } from '../ledger/guard.ts';
import type { EndedGuard, GuardState, RepeatGuard, StoredAnswer } from '../ledger/ledger.ts';
import type { Ms } from '../units.ts';
import { leftMs, type CreateDeps, type CreateRequest } from './create-request.ts';
import type { Prepared } from './prepare.ts';
import { headerSafe, noteLines, passedLines, REPLAYED_HEADER, serverTiming, writeAnswer } from './reply.ts';
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
  { prepared, state: known, queueMs }: Asked,
): Promise<Prepared | null> {
  const { guard } = prepared;
  if (guard === null) return prepared;
  let end: Promise<void> | null = null;
  for (let state = known; ; state = undefined) {
    state ??= await readState(deps, create, guard);
    switch (state.kind) {
      case 'free':
        return prepared;
      case 'mismatch':
        refuseUnlessObserving(create, mismatch(state.which));
        return { ...prepared, guard: null };
      case 'answered':
        deps.telemetry.replayed(guard.idempotencyKey === null ? 'task_id' : 'key');
        replay(deps, create, { ...state, notes: prepared.price.notes, queueMs });
        return null;
      case 'ended':
        throw ended(state);
      case 'open': {
        const waitMs = leftMs(deps, create);
        if (state.doubt === 'operator' || waitMs <= 0) throw noAnswerYet(state);
        if (create.gone.aborted) return null;
        if (end) await end;
        // It waits only after another read: the first request may have ended since the last one.
        end = end ? null : deps.closing.waitFor(state.holdId, Math.min(ASK_AGAIN_MS, waitMs));
      }
    }
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
  writeAnswer(create.response, {
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

function noAnswerYet({ externalTaskId, holdId, doubt }: Extract<GuardState, { kind: 'open' }>): SidecarError {
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
