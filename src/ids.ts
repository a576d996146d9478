/**
 * Identifiers made by us: time-ordered, unguessable enough to be unique, safe in a URL.
 *
 * **Invariant**: an id is a prefix and 26 characters of Crockford base32: 48 bits of time, 80 random bits
 * (the ULID layout, github.com/ulid/spec, read 2026-11-21). Ids of one prefix sort by time.
 */
import { randomFillSync } from 'node:crypto';
import type { Ms } from './units.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
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
  for (let i = 0; i < 10; i += 1) {
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
