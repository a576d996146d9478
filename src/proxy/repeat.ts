/** Repeats of a request: the same key or task id gets the first one's answer, never a second create. */
import { SidecarError } from '../errors.ts';
import { guardState } from '../ledger/guard.ts';
import type { EndedGuard, GuardState, RepeatGuard, StoredAnswer } from '../ledger/ledger.ts';
import type { Ms } from '../units.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import type { PreparedCreate } from './prepare.ts';
import { headerSafe, noteLines, passedLines, REPLAYED_HEADER, serverTiming, writeAnswer } from './reply.ts';

/** How long a wait lasts before the store is asked again: another process may have answered the first one. */
const ASK_AGAIN_MS = 1_000;

/**
 * Answers a repeat from what is kept, waiting for the first one's answer until the deadline.
 *
 * @returns False where this is the first request of its kind, or the first one is proved to have made nothing; in
 *   `observe` mode also where the key was used for other bytes: the create then goes on without it.
 * @throws SidecarError `idempotency_in_progress`, `idempotency_mismatch`; `outcome_unknown` where the first one is in
 *   doubt at the deadline, or ended without an answer.
 */
export async function answerRepeat(
  deps: CreateDeps,
  create: CreateRequest,
  prepared: PreparedCreate,
): Promise<boolean> {
  const { guard } = prepared;
  if (guard === null) return false;
  const app = create.caller.app;
  for (;;) {
    const state = await stateOf(deps, create, { app, ...guard, at: deps.clock.now() });
    if (state.kind === 'free') return false;
    if (state.kind === 'mismatch') {
      if (create.settings.mode === 'protect') throw mismatch(state.which);
      create.noteWouldRefuse(mismatch(state.which));
      prepared.guard = null;
      return false;
    }
    if (state.kind === 'answered') {
      deps.telemetry.replayed(guard.idempotencyKey === null ? 'task_id' : 'key');
      replay(deps, create, { answer: state.answer, externalTaskId: state.externalTaskId });
      return true;
    }
    if (state.kind === 'ended') throw ended(state);
    const leftMs = create.deadlineTick - deps.clock.monotonic();
    if (state.doubt === 'operator' || leftMs <= 0) throw noAnswerYet(state);
    if (create.gone.aborted) return true;
    await deps.closing.waitFor(state.holdId, Math.min(ASK_AGAIN_MS, leftMs));
  }
}

/** Reads how the guard stands; in `observe` mode a store out of reach stands in nobody's way. */
async function stateOf(
  deps: CreateDeps,
  create: CreateRequest,
  guard: RepeatGuard & { app: string; at: Ms },
): Promise<GuardState> {
  try {
    return await deps.store.read(guardState, guard);
  } catch (error) {
    if (create.settings.mode === 'protect') throw error;
    return { kind: 'free' };
  }
}

function replay(
  deps: CreateDeps,
  create: CreateRequest,
  kept: { answer: StoredAnswer; externalTaskId: string | null },
): void {
  const totalMs = deps.clock.monotonic() - create.startedTick;
  const ours = ['x-request-id', create.requestId, REPLAYED_HEADER, 'true'];
  if (kept.externalTaskId !== null) ours.push('x-kling-external-task-id', headerSafe(kept.externalTaskId));
  ours.push(...noteLines(create.notes));
  ours.push('server-timing', serverTiming({ upstreamMs: 0, queueMs: create.queueMs, totalMs }));
  writeAnswer(create.response, {
    status: kept.answer.status,
    lines: passedLines(kept.answer.headers.flat(), ours),
    body: kept.answer.body,
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

/** Of a request that is over and whose answer nobody has: only a new key makes a new create. */
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
