/** When something that failed is tried again: waits that double, and what the other side asks for. */
import type { Ms } from './units.ts';

/** The first wait, and the longest. */
export interface Doubling {
  firstMs: Ms;
  maxMs: Ms;
}

/** Gives the wait after a failure; `before` is how many failures in a row came before it, 0 or more. */
export function doublingWait(before: number, { firstMs, maxMs }: Doubling): Ms {
  return Math.min(firstMs * 2 ** before, maxMs);
}

/** What is tried again is tried for a day at most: a longer wait is none. */
const ASKED_MS_MAX: Ms = 86_400_000;
/** The one form of date that servers must send, as `Sun, 06 Nov 1994 08:49:37 GMT`. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The headers of an answer that matter here, by their names in lower case. */
export interface RetryHeaders {
  readonly 'retry-after'?: string | undefined;
  readonly date?: string | undefined;
}

/**
 * Gives how long an answer asks to wait (RFC 9110, section 10.2.3), from 0 to a day; null where it does not say, or nothing
 * that can be read.
 *
 * @param headers of the answer: a date is counted from its own `Date`, since our clock may be what is wrong.
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
