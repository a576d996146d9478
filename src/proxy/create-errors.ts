/** The errors of creates with an unknown outcome, and of creates that were too late to be sent. */
import { SidecarError } from '../errors.ts';
import type { Answer } from '../upstream/whole-answer.ts';
import { SEND_MS_MIN } from './caller.ts';

/** The longest part of Kling's message in an answer of ours. */
const MESSAGE_CHARS_MAX = 500;

/** Makes the error of a create that was not sent, because its answer could not come in time. */
export function tooLate(): SidecarError {
  return new SidecarError(
    'upstream_timeout',
    `Less than ${SEND_MS_MIN} ms of the deadline were left; nothing was sent and nothing is held.`,
    { detail: { sent: 'no' } },
  );
}

/** The known facts about a create with an unknown outcome. */
export interface InDoubt {
  /** Null if nothing of it is recorded. */
  holdId: string | null;
  externalTaskId: string | null;
}

/**
 * Makes the error of a create in doubt, with Kling's own answer if there is one: its status alone would make clients send
 * again.
 */
export function unknownOutcome(
  { holdId, externalTaskId }: InDoubt,
  why: string,
  answer: Answer | null = null,
): SidecarError {
  const name =
    externalTaskId === null ? 'it carries no external task id' : `its external task id is ${externalTaskId}`;
  return new SidecarError(
    'outcome_unknown',
    `The create may have reached Kling (${why}); ${name}. Its credits stay held and the look-up goes on: ` +
      'do not send it again as new.',
    {
      detail: {
        sent: 'unknown',
        holdId,
        externalTaskId,
        ...(answer && { upstream: upstreamSaid(answer) }),
      },
    },
  );
}

/** Kling's answer to a create in doubt, for people: its status, and code and message if it has them. */
function upstreamSaid({ status, envelope }: Answer): Record<string, string | number | null> {
  const message = envelope?.message?.slice(0, MESSAGE_CHARS_MAX) ?? null;
  return { status, code: envelope?.code ?? null, message };
}
