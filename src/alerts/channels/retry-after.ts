/** Reads what a receiver asks to wait (RFC 9110, section 10.2.3). */
import type { Ms } from '../../units.ts';

/** A message is tried for a day: a longer wait is none. */
const WAIT_MS_MAX: Ms = 86_400_000;
/** The one form of date that servers must send, as `Sun, 06 Nov 1994 08:49:37 GMT`. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Gives how long an answer asks to wait, from 0 to a day; null where it does not say, or nothing that can be read.
 *
 * @param headers of the answer: a date is counted from its own `Date`, since our clock may be what is wrong.
 */
export function retryAfterOf(headers: Readonly<Record<string, string>>, now: Ms): Ms | null {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return bounded(Math.ceil(Number(text) * 1_000));
  const at = instantOf(text);
  return at === null ? null : bounded(at - (instantOf(headers['date']?.trim() ?? '') ?? now));
}

function instantOf(text: string): Ms | null {
  const at = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

function bounded(waitMs: Ms): Ms {
  return Math.min(WAIT_MS_MAX, Math.max(0, waitMs));
}
