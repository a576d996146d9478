/**
 * Identifiers made by us: time-ordered, unguessable enough to be unique, safe in a URL.
 *
 * **Invariant**: an id is a prefix and 26 characters of Crockford base32: 48 bits of time, 80 random bits
 * (the ULID layout, github.com/ulid/spec, read 2026-11-21). Ids of one prefix sort by time.
 */
import { randomFillSync } from 'node:crypto';
import type { Ms } from './units.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARS = 10;
const RANDOM_BYTES = 10;
const POOL_BYTES = RANDOM_BYTES * 512;
const pool = Buffer.alloc(POOL_BYTES);
let poolAt = POOL_BYTES;

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
  | 'alert';

/** Makes a new id such as `ks_01k8…`, 26 characters after the underscore. */
export function newId(prefix: IdPrefix, nowMs: Ms): string {
  if (poolAt >= POOL_BYTES) {
    randomFillSync(pool);
    poolAt = 0;
  }
  let text = '';
  let time = nowMs;
  for (let i = 0; i < TIME_CHARS; i += 1) {
    text = ALPHABET.charAt(time % 32) + text;
    time = Math.floor(time / 32);
  }
  let bits = 0;
  let held = 0;
  for (let i = 0; i < RANDOM_BYTES; i += 1) {
    held = (held << 8) | (pool[poolAt + i] ?? 0);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((held >>> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  poolAt += RANDOM_BYTES;
  return `${prefix}_${text}`;
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

function timeOf(text: string): Ms {
  let time = 0;
  for (const char of text.slice(0, TIME_CHARS)) time = time * 32 + Math.max(0, ALPHABET.indexOf(char));
  return time;
}
