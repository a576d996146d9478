/** The wait before a second try: waits that double, and waits that the other side asks for. */
import type { Ms } from './units.ts';

/** The first wait, and the longest. */
export interface Doubling {
  firstMs: Ms;
  maxMs: Ms;
}

/** Gives the wait after a failure; `before` is the number of failures in a row before it, 0 or more. */
export function doublingWait(before: number, { firstMs, maxMs }: Doubling): Ms {
  return Math.min(firstMs * 2 ** before, maxMs);
}

/** Everything is tried for a day at most: a longer wait makes no sense. */
const ASKED_MS_MAX: Ms = 86_400_000;
/** The only form of date that servers may send, such as `Sun, 06 Nov 1994 08:49:37 GMT`. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The headers that are read, by their names in lower case. */
export interface RetryHeaders {
  readonly 'retry-after'?: string | undefined;
  readonly date?: string | undefined;
}

/**
 * Gives the wait that an answer asks for (RFC 9110, section 10.2.3), from 0 to a day; null if there is none, or none that
 * can be read.
 *
 * @param headers of the answer: a date is counted from the answer's own `Date`, since our clock may be wrong.
 */
export function retryAfterOf(headers: RetryHeaders, now: Ms): Ms | null {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return bounded(Math.ceil(Number(text) * 1_000));
  const at = instantOf(text);
  return at === null ? null : bounded(at - (instantOf(headers.date?.trim() ?? '') ?? now));
}

function instantOf(text: string): Ms | null {
  const at = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

function bounded(waitMs: Ms): Ms {
  return Math.min(ASKED_MS_MAX, Math.max(0, waitMs));
}
