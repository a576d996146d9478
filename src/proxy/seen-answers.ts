/**
 * Answers that apps read again and again: a poll of a task that goes on gets the bytes of the last poll, except for its request id.
 * Such an answer is compared and not parsed.
 *
 * **Invariant**: an answer gives the same as if it were parsed, and at most {@link ANSWERS_MAX} answers of at most
 * {@link ANSWER_BYTES_MAX} bytes are kept.
 */
import type { Envelope } from '../kling/envelope.ts';
import type { TaskSighting } from '../tasks/task.ts';

const ANSWERS_MAX = 2_000;
const ANSWER_BYTES_MAX = 2_048;
const NAME = '"request_id"';
const MARK = `${NAME}:"`;
const REQUEST_ID_CHARACTERS_MAX = 128;
const PLAIN = /^[\w.:-]+$/;

/** An answer's envelope, and the tasks that it shows. */
export interface ReadAnswer {
  envelope: Envelope | null;
  sightings: TaskSighting[];
}

/** A whole answer to a target (path and query). */
export interface ReceivedAnswer {
  target: string;
  body: Buffer;
  /** What its reading depends on, beside its bytes; compared by identity. */
  dependsOn: readonly unknown[];
}

interface SeenAnswer extends Pick<ReceivedAnswer, 'dependsOn'> {
  /** The bytes up to the request id, and those after it. */
  before: Buffer;
  after: Buffer;
  read: ReadAnswer & { envelope: Envelope };
}

export class SeenAnswers {
  readonly #seen = new Map<string, SeenAnswer>();

  /** Reads an answer with `parse`, unless it is the last one of its target again. */
  read(answer: ReceivedAnswer, parse: () => ReadAnswer): ReadAnswer {
    if (answer.body.length > ANSWER_BYTES_MAX) return parse();
    const seen = this.#seen.get(answer.target);
    const requestId = seen === undefined ? null : newRequestId(seen, answer);
    if (seen !== undefined && requestId !== null) {
      return { envelope: { ...seen.read.envelope, requestId }, sightings: seen.read.sightings };
    }
    const read = parse();
    this.#keep(answer, read);
    return read;
  }

  #keep({ target, body, dependsOn }: ReceivedAnswer, { envelope, sightings }: ReadAnswer): void {
    const requestId = envelope?.requestId ?? null;
    if (envelope === null || requestId === null || !PLAIN.test(requestId)) return;
    const from = body.indexOf(MARK) + MARK.length;
    const until = from + requestId.length;
    const isOnce = body.indexOf(NAME) === from - MARK.length && !body.includes(NAME, from);
    // An escape may hide one of our secrets, which change.
    if (!isOnce || body.includes('\\u') || body.toString('latin1', from, until + 1) !== `${requestId}"`)
      return;
    if (this.#seen.size >= ANSWERS_MAX) this.#seen.clear();
    const own = Buffer.from(body);
    const read = { envelope, sightings };
    this.#seen.set(target, { dependsOn, before: own.subarray(0, from), after: own.subarray(until), read });
  }
}

/** Gives the request id of an answer that has a seen one's bytes otherwise; null for any other answer. */
function newRequestId(seen: SeenAnswer, { body, dependsOn }: ReceivedAnswer): string | null {
  if (!dependsOn.every((value, i) => value === seen.dependsOn[i])) return null;
  const { before, after } = seen;
  const from = before.length;
  const until = body.length - after.length;
  const isNear = until > from && until - from <= REQUEST_ID_CHARACTERS_MAX;
  if (!isNear || body.compare(before, 0, from, 0, from) !== 0) return null;
  if (body.compare(after, 0, after.length, until) !== 0) return null;
  const requestId = body.toString('latin1', from, until);
  return PLAIN.test(requestId) ? requestId : null;
}
