/** The errors with which a create ends that was sent and whose outcome nobody knows, or that came too late to be sent. */
import { SidecarError } from '../errors.ts';
import type { Answer } from '../upstream/whole-answer.ts';
import { SEND_MS_MIN } from './caller.ts';

/** Of Kling's message, in an answer of ours. */
const MESSAGE_CHARS_MAX = 500;

/** Says that a create was not sent, because its answer could not come in time. */
export function tooLate(): SidecarError {
  return new SidecarError(
    'upstream_timeout',
    `Less than ${SEND_MS_MIN} ms of the deadline were left; nothing was sent and nothing is held.`,
    { detail: { sent: 'no' } },
  );
}

/** What is said of a create of which nobody knows whether Kling made it. */
export interface InDoubt {
  /** Null where nothing is recorded of it. */
  holdId: string | null;
  externalTaskId: string | null;
}

/**
 * Says that a create is in doubt, and what Kling itself answered, if anything: its status alone would invite clients to
 * send again.
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

/** What Kling itself said of a create in doubt, for people: its status, and code and message where it gave them. */
function upstreamSaid({ status, envelope }: Answer): Record<string, string | number | null> {
  const message = envelope?.message?.slice(0, MESSAGE_CHARS_MAX) ?? null;
  return { status, code: envelope?.code ?? null, message };
}
