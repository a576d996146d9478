/**
 * Answers that are small and read whole: of creates, and of the sidecar's own requests.
 *
 * They are decoded if a proxy compressed them, without our own secrets, and with Kling's envelope.
 */
import type { Envelope } from '../kling/envelope.ts';
import { codingsOf, decodedLines, decodeWhole, envelopeOf } from './answer-body.ts';
import {
  Attempt,
  type AnswerHead,
  type AttemptFailure,
  type AttemptOptions,
  type OutboundRequest,
} from './attempt.ts';
import type { OwnSecrets } from './own-secrets.ts';

/** A larger answer is not read, before or after decoding: a create's has a few hundred bytes. */
export const ANSWER_BYTES_MAX = 1_048_576;

export interface Answer extends AnswerHead {
  body: Buffer;
  envelope: Envelope | null;
}

/** How an attempt ended: exactly one of answer and failure. */
export interface WholeEnd {
  answer: Answer | null;
  failure: AttemptFailure | null;
  /** Of the answer, or of one whose body broke off. */
  head: AnswerHead | null;
  /** The received ones, before decoding. */
  bytesReceived: number;
}

/** Sends a request once and reads the whole of its answer. */
export async function readWhole(
  options: AttemptOptions,
  request: OutboundRequest,
  secrets: OwnSecrets,
): Promise<WholeEnd> {
  const { head, body, failure, bytesReceived } = await gather(options, request);
  const clean = head && cleanHead(head, secrets);
  if (clean === null || body === null) {
    const why = failure && { ...failure, cause: secrets.cleanText(failure.cause) };
    return { answer: null, failure: why, head: clean, bytesReceived };
  }
  const answer = answerFrom(clean, body, secrets);
  return { answer, failure: null, head: answer, bytesReceived };
}

/** Reads Kling's envelope from a decoded body; null if there is none. */
export function readEnvelopeOf(lines: readonly string[], body: Buffer, secrets: OwnSecrets): Envelope | null {
  const envelope = envelopeOf(lines, body);
  return envelope !== null && body.includes('\\u') ? secrets.cleanValue(envelope) : envelope;
}

function cleanHead(head: AnswerHead, secrets: OwnSecrets): AnswerHead {
  return { ...head, reason: secrets.cleanText(head.reason), headers: secrets.cleanLines(head.headers) };
}

function answerFrom(head: AnswerHead, coded: Buffer, secrets: OwnSecrets): Answer {
  const codings = coded.length === 0 ? [] : codingsOf(head);
  const decoded = decodeWhole(coded, codings, ANSWER_BYTES_MAX);
  if (decoded === null) return { ...head, body: coded, envelope: null };
  const body = secrets.clean(decoded);
  const length = ['content-length', String(body.length)];
  const headers = codings.length === 0 ? head.headers : [...decodedLines(head.headers), ...length];
  return { ...head, headers, body, envelope: readEnvelopeOf(headers, body, secrets) };
}

interface Gathered {
  head: AnswerHead | null;
  /** Null if the answer was not complete. */
  body: Buffer | null;
  failure: AttemptFailure | null;
  bytesReceived: number;
}

function gather(options: AttemptOptions, request: OutboundRequest): Promise<Gathered> {
  return new Promise((resolve) => {
    let head: AnswerHead | null = null;
    const chunks: Buffer[] = [];
    let bytesReceived = 0;
    const fail = (failure: AttemptFailure): void => resolve({ head, body: null, failure, bytesReceived });
    const attempt = new Attempt(options, {
      onHead: (it) => void (head = it),
      onChunk(chunk) {
        bytesReceived += chunk.length;
        if (bytesReceived <= ANSWER_BYTES_MAX) chunks.push(chunk);
        else {
          attempt.abandon();
          const cause = `answer over ${ANSWER_BYTES_MAX} bytes`;
          fail({ errorClass: 'malformed', isLate: false, sent: true, cause });
        }
      },
      onEnd() {
        const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
        resolve({ head, body, failure: null, bytesReceived });
      },
      onFailure: fail,
    });
    attempt.dispatch(request);
  });
}
