/** Receivers that answer 200 and give the message's result as a code in the body. */
import { ChannelError } from '../channel.ts';
import type { Explanation, Post, PostAnswer, PostRequest } from './post.ts';

/** The meaning of a code. */
export type CodeMeaning = Explanation & { reason: string; isFinal: boolean };

export interface CodedRequest extends PostRequest {
  /** Reads the code of a body; 0 is success, null if there is none. */
  codeOf: (body: Readonly<Record<string, unknown>>) => number | null;
  /** Gives the meaning of a code other than 0. */
  meaningOf: (code: number, body: Readonly<Record<string, unknown>>) => CodeMeaning;
}

/**
 * Sends a POST whose answer counts as success only with the code 0.
 *
 * @throws ChannelError like {@link Post}, and by the code's meaning; an answer without a code is not the receiver's, and the
 * request is sent again.
 */
export async function postCoded(post: Post, { codeOf, meaningOf, ...request }: CodedRequest): Promise<void> {
  const read = (answer: PostAnswer): { code: number; meaning: CodeMeaning | null } | null => {
    const body = jsonObject(answer.body);
    const code = codeOf(body);
    return code === null ? null : { code, meaning: code === 0 ? null : meaningOf(code, body) };
  };
  const explain = (answer: PostAnswer): Explanation | null => {
    const said = read(answer);
    if (said === null || said.meaning === null) return null;
    return { ...said.meaning, reason: codeReason(said.code, said.meaning) };
  };
  const answer = await post({ ...request, explain });
  const said = read(answer);
  if (said === null) {
    throw new ChannelError(
      `${request.receiver} answered ${answer.status} without a code: something else may be at that address`,
    );
  }
  if (said.meaning === null) return;
  const { isFinal, retryAfterMs = null } = said.meaning;
  throw new ChannelError(
    `${request.receiver} did not take the message (${codeReason(said.code, said.meaning)})`,
    { isFinal, retryAfterMs },
  );
}

function codeReason(code: number, { reason }: CodeMeaning): string {
  return `code ${code}: ${reason}`;
}

/** Reads a JSON object; an empty one if the text is none. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Gives an integer of a body; null if it is none. */
export function integerOf(value: unknown): number | null {
  return Number.isSafeInteger(value) ? (value as number) : null;
}
