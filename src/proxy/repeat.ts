/** Repeats of a request: the same key or task id gets the first one's answer, never a second create. */
import { SidecarError } from '../errors.ts';
import { guardState } from '../ledger/guard.ts';
import type { GuardState, RepeatGuard, StoredAnswer } from '../ledger/ledger.ts';
import type { Ms } from '../units.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import type { PreparedCreate } from './prepare.ts';
import { headerSafe, passedLines, serverTiming, writeAnswer } from './reply.ts';

/** How long a wait lasts before the store is asked again: another process may have answered the first one. */
const ASK_AGAIN_MS = 1_000;

/**
 * Answers a repeat from what is kept, waiting for the first one's answer until the deadline.
 *
 * @returns False where this is the first request of its kind, or the first one is proved to have made nothing; in
 *   `observe` mode also where the key was used for other bytes: the create then goes on without it.
 * @throws SidecarError `idempotency_in_progress`, `idempotency_mismatch`.
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
      replay(deps, create, { answer: state.answer, externalTaskId: state.externalTaskId });
      return true;
    }
    const leftMs = create.deadlineTick - deps.clock.monotonic();
    if (leftMs <= 0) throw inProgress(state.externalTaskId);
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
  const ours = ['x-request-id', create.requestId];
  if (kept.externalTaskId !== null) ours.push('x-kling-external-task-id', headerSafe(kept.externalTaskId));
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

function inProgress(externalTaskId: string | null): SidecarError {
  const id = externalTaskId === null ? '' : ` (external task id ${externalTaskId})`;
  return new SidecarError(
    'idempotency_in_progress',
    `The first request with this key has no answer yet${id}; ask again with the same key, do not send it as new.`,
    { detail: { externalTaskId } },
  );
}
