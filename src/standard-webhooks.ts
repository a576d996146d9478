/**
 * Signatures of Standard Webhooks 1.0.0 with a shared secret (`v1`): HMAC-SHA256 over `id.timestamp.body`
 * (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, read 2026-11-28).
 *
 * Alerts and relayed callbacks are signed by it, and Kling signs its callbacks by it since 2026-08-07 (docs/kling-api.md, section 7).
 *
 * **Invariant**: signatures are compared in constant time, and no text of a message is part of an error.
 */
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { SidecarError } from './errors.ts';
import type { Secret } from './secret.ts';
import type { Ms } from './units.ts';

/** The specification's lengths of a key; longer ones are not safer. */
const KEY_BYTES_MIN = 24;
const KEY_BYTES_MAX = 64;
const PREFIX = 'whsec_';
/** Of SHA-256. */
const DIGEST_BYTES = 32;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

export interface SignedContent {
  /** Stays the same when the message is sent again. Without a full stop, which separates the signed parts. */
  id: string;
  /** When this attempt was made. */
  at: Ms;
  /** Exactly the bytes that are sent. */
  body: string;
}

/**
 * Reads the keys of a secret: one, or several with white space between them while an old one is being replaced.
 *
 * @param name the place of the secret, for the error.
 * @throws SidecarError `secret_invalid` if one is not `whsec_` and base64 of 24 to 64 bytes; the prefix may be absent.
 */
export function readSigningKeys(name: string, secret: Secret): readonly KeyObject[] {
  const words = secret.reveal().split(/\s+/).filter(Boolean);
  const keys = words.map((word) => keyOf(word.startsWith(PREFIX) ? word.slice(PREFIX.length) : word));
  const valid = keys.filter((key) => key !== null);
  if (valid.length > 0 && valid.length === keys.length) return valid;
  throw new SidecarError(
    'secret_invalid',
    `${name} holds no secret of Standard Webhooks; allowed: ${PREFIX} and ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes in base64, ` +
      `several with white space between them; suggestion: make one with echo "${PREFIX}$(openssl rand -base64 32)"`,
  );
}

function keyOf(text: string): KeyObject | null {
  const bytes = BASE64.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  return bytes.length >= KEY_BYTES_MIN && bytes.length <= KEY_BYTES_MAX ? createSecretKey(bytes) : null;
}

/** Gives the three headers of a signed message, with one signature for each key, in the order of the keys. */
export function signatureHeaders(
  keys: readonly KeyObject[],
  { id, at, body }: SignedContent,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const seconds = String(Math.floor(at / 1_000));
  const signatures = keys.map((key) => `v1,${signatureOf(key, `${id}.${seconds}.${body}`)}`);
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') };
}

/** How far the time of a message may be from ours, in both directions (Kling's page and the specification: 5 minutes). */
export const TOLERANCE_MS: Ms = 300_000;
/** A sender has few keys: further signatures are not looked at, so that a long header costs nothing. */
const SIGNATURES_MAX = 8;
const SIGNATURE_HEADER_CHARS_MAX = 2_000;
const ID_CHARS_MAX = 256;

/** The headers of a received message, as far as they are there. */
export interface SignedHeaders {
  readonly 'webhook-id'?: string | undefined;
  readonly 'webhook-timestamp'?: string | undefined;
  readonly 'webhook-signature'?: string | undefined;
}

/** `absent`: without the three headers. `stale`: its time is more than 5 minutes from ours. `wrong`: no key made its signature. */
export type SignatureCheck = 'valid' | 'absent' | 'stale' | 'wrong';

/** Checks a received message: one of its `v1` signatures must be made with one of the keys. */
export function checkSignature(
  keys: readonly KeyObject[],
  headers: SignedHeaders,
  { body, now }: { body: Uint8Array; now: Ms },
): SignatureCheck {
  const id = headers['webhook-id'] ?? '';
  const seconds = headers['webhook-timestamp'] ?? '';
  const signatures = headers['webhook-signature'] ?? '';
  if (id === '' && seconds === '' && signatures === '') return 'absent';
  const isReadable =
    id.length <= ID_CHARS_MAX &&
    /^\d{1,12}$/.test(seconds) &&
    signatures.length <= SIGNATURE_HEADER_CHARS_MAX;
  if (!isReadable) return 'wrong';
  const expected = keys.map((key) => digestOf(key, `${id}.${seconds}.`, body));
  const given = signatures.split(' ').slice(0, SIGNATURES_MAX).map(digestIn);
  const isValid = given.some((one) => one !== null && expected.some((own) => timingSafeEqual(own, one)));
  if (!isValid) return 'wrong';
  return Math.abs(Number(seconds) * 1_000 - now) <= TOLERANCE_MS ? 'valid' : 'stale';
}

/** Gives the digest of a signature such as `v1,BASE64`; null for another version or another length. */
function digestIn(signature: string): Buffer | null {
  const text = signature.startsWith('v1,') ? signature.slice(3) : '';
  const bytes = BASE64.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  return bytes.length === DIGEST_BYTES ? bytes : null;
}

function signatureOf(key: KeyObject, content: string): string {
  return digestOf(key, content, Buffer.alloc(0)).toString('base64');
}

function digestOf(key: KeyObject, head: string, body: Uint8Array): Buffer {
  return createHmac('sha256', key).update(head, 'utf8').update(body).digest();
}
