/**
 * The address of each create's callbacks: `PUBLIC/c/HOLD.TOKEN`, with an HMAC of the hold's id as token.
 *
 * Nothing is stored for an address, and it is valid for {@link VALID_MS}: no task is longer open, and nothing is settled by a
 * callback that comes later.
 *
 * **Invariant**: an unknown, a wrong and an expired path cost the same work and give the same null. The token is compared in
 * constant time.
 */
import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { idTime } from '../ids.ts';
import type { Ms } from '../units.ts';

/** Kling's tasks end within 30 days. */
const VALID_MS: Ms = 45 * 86_400_000;
const PLACE = '/c/';
/** 256 bits in base64url. */
const TOKEN_CHARS = 43;
const PATH = /^\/c\/(hold_[0-9a-hjkmnp-tv-z]{26})\.([A-Za-z0-9_-]{43})$/;
/** Stands for the parts of a path that is none. */
const NONE = { holdId: `hold_${'0'.repeat(26)}`, token: 'A'.repeat(TOKEN_CHARS) };

export class CallbackPaths {
  readonly #key: KeyObject;
  readonly #publicUrl: string;
  /** The path of the public address, without slash at its end: a proxy before us may cut it off or not. */
  readonly #prefix: string;

  constructor(key: KeyObject, publicUrl: string) {
    this.#key = key;
    this.#publicUrl = publicUrl;
    this.#prefix = new URL(publicUrl).pathname.replace(/\/+$/, '');
  }

  /** Gives the address for a create: plain ASCII that needs no escape in JSON. */
  urlFor(holdId: string): string {
    return `${this.#publicUrl}${PLACE}${holdId}.${this.#tokenOf(holdId).toString('base64url')}`;
  }

  /** Gives the hold of a request's path (without query); null if the path is not one of ours, or no longer valid. */
  holdOf(path: string, now: Ms): string | null {
    const isBelow = this.#prefix !== '' && path.startsWith(`${this.#prefix}${PLACE}`);
    const [, holdId, token] = PATH.exec(isBelow ? path.slice(this.#prefix.length) : path) ?? [];
    const given = Buffer.from(token ?? NONE.token, 'base64url');
    const isEqual = timingSafeEqual(this.#tokenOf(holdId ?? NONE.holdId), given);
    const isFresh = now - idTime(holdId ?? NONE.holdId) <= VALID_MS;
    return isEqual && isFresh && holdId !== undefined ? holdId : null;
  }

  #tokenOf(holdId: string): Buffer {
    return createHmac('sha256', this.#key).update(`kling-sidecar callback\0${holdId}`).digest();
  }
}
