/**
 * Answers a create: with Kling's answer, with the answer of a look-up, or with our own.
 *
 * In `protect` mode an answer that leaves the create in doubt is never passed on: SDKs send again on its 429 or 5xx,
 * and the second send would be a second bill.
 */
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import type { Answer } from '../upstream/whole-answer.ts';
import { timingOf, type Concluded } from './conclude.ts';
import { unknownOutcome } from './create-errors.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import { headerSafe, noteLines, passedLines, serverTiming } from './reply.ts';
import type { Sent } from './send.ts';
import { fromStored } from './stored-answer.ts';

/**
 * Answers a create. A create in doubt is answered when a look-up has found it, or at its deadline.
 * @throws SidecarError `outcome_unknown`; `upstream_timeout`, `upstream_unreachable` if certainly nothing was sent.
 */
export async function answerCreate(
  deps: CreateDeps,
  create: CreateRequest,
  { sent, isUnknown, isRecorded, lookedUp, endedTick }: Concluded,
): Promise<void> {
  const { exchange, externalTaskId, reserved } = sent;
  const inDoubt = { holdId: reserved.hold?.holdId ?? null, externalTaskId };
  const { answer, failure } = exchange;
  if (!isRecorded) throw unknownOutcome(inDoubt, 'its outcome could not be recorded yet', answer);
  const result = lookedUp === null ? null : await lookedUp;
  // The time of a look-up counts as Kling's.
  const upstreamMs = sent.upstreamMs + (lookedUp === null ? 0 : deps.clock.monotonic() - endedTick);
  if (result?.kind === 'found') {
    reply(deps, create, { sent, upstreamMs, answer: fromStored(result.answer) });
    return;
  }
  const isStillUnknown = isUnknown && result?.kind !== 'released';
  if (answer) {
    if (isStillUnknown && create.settings.mode === 'protect')
      throw unknownOutcome(inDoubt, `it answered with HTTP ${answer.status}`, answer);
    reply(deps, create, { sent, upstreamMs, answer });
    return;
  }
  if (failure && !failure.sent && !isUnknown) {
    throw new SidecarError(
      failure.isLate ? 'upstream_timeout' : 'upstream_unreachable',
      `Kling could not be reached (${failure.cause}); nothing was sent and nothing is held.`,
      { detail: { sent: 'no', cause: failure.cause } },
    );
  }
  throw unknownOutcome(inDoubt, failure?.cause ?? 'no complete answer came');
}

interface Reply {
  sent: Sent;
  upstreamMs: Ms;
  answer: Pick<Answer, 'status' | 'reason' | 'headers' | 'body'>;
}

function reply(deps: CreateDeps, create: CreateRequest, { sent, upstreamMs, answer }: Reply): void {
  const { reserved, externalTaskId } = sent;
  const { hold, prepared, queueMs } = reserved;
  const ours = ['x-request-id', create.requestId];
  if (hold) ours.push('x-kling-credits-held', String(prepared.credits / 1000));
  if (hold && hold.remainingCredits !== null)
    ours.push('x-kling-budget-remaining', String(hold.remainingCredits / 1000));
  if (externalTaskId !== null) ours.push('x-kling-external-task-id', headerSafe(externalTaskId));
  ours.push(...noteLines(prepared.price.notes));
  ours.push('server-timing', serverTiming(timingOf(deps, create, { upstreamMs, queueMs })));
  create.answer({
    status: answer.status,
    reason: answer.reason,
    lines: passedLines(answer.headers, ours),
    body: answer.body,
  });
}
