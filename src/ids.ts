/**
 * Identifiers made by us: time-ordered, unguessable enough to be unique, safe in a URL.
 *
 * **Invariant**: an id is a prefix and 26 characters of Crockford base32: 48 bits of time, 80 random bits
 * (the ULID layout, github.com/ulid/spec, read 2026-11-21). Ids of one prefix sort by time.
 */
import { randomFillSync } from 'node:crypto';
import type { Ms } from './units.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const CODES = Buffer.from(ALPHABET, 'latin1');
const TIME_CHARS = 10;
const RANDOM_CHARS = 16;
/** Characters that are made at once: a call for each id would cost more than the id. */
const POOL_CHARS = RANDOM_CHARS * 256;
const pool = Buffer.alloc(POOL_CHARS);
let randomText = '';
let randomAt = POOL_CHARS;
/** The characters of the instant of the last id: a request makes several in one millisecond. */
let latest = { ms: -1, text: '' };

/** The prefixes in use; `ks` marks the external task ids that we inject. */
export type IdPrefix =
  | 'ks'
  | 'hold'
  | 'entry'
  | 'call'
  | 'req'
  | 'audit'
  | 'raise'
  | 'refusal'
  | 'run'
  | 'excl'
  | 'blame'
  | 'check'
  | 'join'
  | 'alert'
  | 'relay';

/** Makes a new id such as `ks_01k8…`, 26 characters after the underscore. */
export function newId(prefix: IdPrefix, nowMs: Ms): string {
  if (randomAt >= POOL_CHARS) fillPool();
  if (latest.ms !== nowMs) latest = { ms: nowMs, text: timeText(nowMs) };
  const from = randomAt;
  randomAt += RANDOM_CHARS;
  return `${prefix}_${latest.text}${randomText.slice(from, randomAt)}`;
}

/** Five random bits of each byte make a character. */
function fillPool(): void {
  randomFillSync(pool);
  for (let i = 0; i < POOL_CHARS; i += 1) pool[i] = CODES[(pool[i] ?? 0) & 31] ?? 0;
  randomText = pool.toString('latin1');
  randomAt = 0;
}

function timeText(ms: Ms): string {
  let text = '';
  let left = ms;
  for (let i = 0; i < TIME_CHARS; i += 1) {
    text = ALPHABET.charAt(left % 32) + text;
    left = Math.floor(left / 32);
  }
  return text;
}

/**
 * Gives `id` if it sorts after the newest one of its list; else a new one that does. So a list keeps the order in which its rows
 * were added, also those of one millisecond and those after a clock was set back.
 */
export function idAfter(newest: string | undefined, id: string): string {
  if (newest === undefined || id > newest) return id;
  const end = id.lastIndexOf('_');
  return newId(id.slice(0, end) as IdPrefix, timeOf(newest.slice(end + 1)) + 1);
}

/** Gives the instant at which an id was made; a text that is no id gives any number. */
export function idTime(id: string): Ms {
  return timeOf(id.slice(id.lastIndexOf('_') + 1));
}

/** Gives a text that sorts before every id of a prefix that was made at an instant or later, and after all earlier ones. */
export function idFloor(prefix: IdPrefix, at: Ms): string {
  return `${prefix}_${timeText(Math.max(0, at))}`;
}

function timeOf(text: string): Ms {
  let time = 0;
  for (const char of text.slice(0, TIME_CHARS)) time = time * 32 + Math.max(0, ALPHABET.indexOf(char));
  return time;
}
