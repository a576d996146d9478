/**
 * Signatures of Standard Webhooks 1.0.0 with a shared secret (`v1`): HMAC-SHA256 over `id.timestamp.body`
 * (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, read 2026-11-28).
 *
 * Kling signs its callbacks by the same scheme (docs/kling-api.md).
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { SidecarError } from '../../errors.ts';
import type { Secret } from '../../secret.ts';
import type { Ms } from '../../units.ts';

/** The specification's lengths of a key; longer ones are not safer. */
const KEY_BYTES_MIN = 24;
const KEY_BYTES_MAX = 64;
const PREFIX = 'whsec_';
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

function signatureOf(key: KeyObject, content: string): string {
  return createHmac('sha256', key).update(content, 'utf8').digest('base64');
}
