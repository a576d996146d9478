/** Kling's answers as they are kept for repeats of the same request, and given again. */
import type { StoredAnswer } from '../ledger/ledger.ts';
import type { Answer } from '../upstream/whole-answer.ts';
import { endToEnd } from '../upstream/headers.ts';

const NOT_KEPT: ReadonlySet<string> = new Set(['date', 'set-cookie']);

/** Makes the kept form of an answer: end-to-end lines without its date. */
export function storable(answer: Answer): StoredAnswer {
  const lines = endToEnd(answer.headers, NOT_KEPT);
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) headers.push([lines[i] ?? '', lines[i + 1] ?? '']);
  return { status: answer.status, headers, body: answer.body };
}

/** Makes an answer to be written of one that was kept. */
export function fromStored(stored: StoredAnswer): Pick<Answer, 'status' | 'reason' | 'headers' | 'body'> {
  return {
    status: stored.status,
    reason: '',
    headers: stored.headers.flat(),
    body: Buffer.from(stored.body),
  };
}
