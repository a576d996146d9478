/** Reads a whole answer to an app's read: its envelope, and the task states on a route that shows them. */
import { isSuccess, showsTasks, sightingsIn, type Envelope } from '../kling/envelope.ts';
import type { AnswerHead } from '../upstream/attempt.ts';
import { headerOf } from '../upstream/headers.ts';
import type { Line } from '../upstream/line.ts';
import type { ReadRequest } from './read-request.ts';
import type { ReadAnswer, SeenAnswers } from './seen-answers.ts';

/** A whole answer; the body is null if it was too large to be kept. */
export interface WholeAnswer {
  head: AnswerHead | null;
  body: () => Buffer | null;
  line: Line;
  /** Parses the envelope of the body. */
  envelope: () => Envelope | null;
}

/** Gives the envelope and the task states; an answer that was seen before is compared and not parsed. */
export function readShownTasks(
  seenAnswers: SeenAnswers,
  { route, settings, target }: ReadRequest,
  answer: WholeAnswer,
): ReadAnswer {
  const { headers = [], status = 0 } = answer.head ?? {};
  const shownBy = route !== null && showsTasks(route) && isSuccess(status) ? route : null;
  const parse = (): ReadAnswer => {
    const envelope = answer.envelope();
    const isRead = envelope !== null && shownBy !== null;
    return { envelope, sightings: isRead ? sightingsIn(shownBy, envelope, settings.cashPrice) : [] };
  };
  const body = shownBy === null ? null : answer.body();
  if (body === null) return parse();
  const dependsOn = [route, settings, answer.line, headerOf(headers, 'content-type')];
  return seenAnswers.read({ target, body, dependsOn }, parse);
}

/** Gives the pieces of a body as one; a single one is not copied. */
export function joined(chunks: Buffer[]): Buffer {
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}
