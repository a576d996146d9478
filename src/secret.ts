/**
 * A secret that cannot print itself.
 *
 * **Invariant**: `String(secret)`, JSON, `util.inspect`, template literals and structured clone show `[redacted]`
 * or fail; only {@link Secret.reveal} and {@link Secret.bytes} give the value, and they are called at the place of
 * use. JavaScript cannot erase a string: a revealed value stays in memory until it is collected.
 */
import { createHash, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';

const REDACTED = '[redacted]';

export class Secret {
  readonly #value: Buffer;
  readonly #digest: Buffer;

  constructor(value: string | Uint8Array) {
    this.#value = Buffer.from(value as string);
    this.#digest = sha256(this.#value);
  }

  /** Gives the text itself. Call it only to send the value or to sign with it. */
  reveal(): string {
    return this.#value.toString('utf8');
  }

  /** Gives the value as a key for HMAC, kept outside the JavaScript heap. */
  key(): KeyObject {
    return createSecretKey(this.#value);
  }

  /** Compares with a caller's value in constant time. */
  matches(presented: string): boolean {
    return timingSafeEqual(this.#digest, sha256(Buffer.from(presented, 'utf8')));
  }

  /** Returns whether another secret holds the same value, in constant time. */
  equals(other: Secret): boolean {
    return timingSafeEqual(this.#digest, other.#digest);
  }

  /** A short hash that distinguishes secrets and reveals none; see {@link fingerprintOf}. */
  fingerprint(purpose: string): string {
    return fingerprintOf(purpose, this.#value);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/**
 * Gives 64 bits of a hash of a value and of what the hash is for. A key of the usual length cannot be found from it.
 *
 * @param purpose Hashes of the same value for different purposes do not compare.
 */
export function fingerprintOf(purpose: string, value: string | Uint8Array): string {
  return createHash('sha256').update(`kling-sidecar ${purpose}\0`).update(value).digest('hex').slice(0, 16);
}
