/** What a status says of Kling, also one of an earlier version's sidecar, which says nothing. */
import type { StatusAnswer } from '../control/schemas.ts';

/** What is known of Kling where nobody asked it. */
const NOTHING_KNOWN: StatusAnswer['kling'] = {
  credentials: 'unknown',
  refusal: null,
  unreachable: null,
  lastAnswer: null,
};

/** Gives what a status says of Kling. */
export function klingOf(status: Partial<Pick<StatusAnswer, 'kling'>>): StatusAnswer['kling'] {
  return status.kling ?? NOTHING_KNOWN;
}
