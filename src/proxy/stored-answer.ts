/** The form in which Kling's answers are kept for repeats of the same request. */
import type { StoredAnswer } from '../ledger/ledger.ts';
import type { Answer } from '../upstream/whole-answer.ts';
import { endToEnd } from '../upstream/headers.ts';

const NOT_KEPT: ReadonlySet<string> = new Set(['date', 'set-cookie']);

/** Makes the kept form of an answer: its end-to-end lines without the date. */
export function storable(answer: Answer): StoredAnswer {
  const lines = endToEnd(answer.headers, NOT_KEPT);
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) headers.push([lines[i] ?? '', lines[i + 1] ?? '']);
  return { status: answer.status, headers, body: answer.body };
}

/** Makes an answer from its kept form. */
export function fromStored(stored: StoredAnswer): Pick<Answer, 'status' | 'reason' | 'headers' | 'body'> {
  return {
    status: stored.status,
    reason: '',
    headers: stored.headers.flat(),
    body: Buffer.from(stored.body),
  };
}
