/** The secrets of callbacks: those by which Kling signs what we receive, and those by which we sign what is relayed. */
import type { KeyObject } from 'node:crypto';
import type { CallbacksConfig } from '../callbacks/callbacks-config.ts';
import { Secret } from '../secret.ts';
import { readSigningKeys } from '../standard-webhooks.ts';
import { invalid } from './secret-file.ts';
import type { FoundSecret, SecretVariable } from './secret-variable.ts';

/** The keys of callbacks; empty where no secret is set. */
export interface CallbackSecrets {
  /** Kling signs callbacks with one of them. */
  received: readonly KeyObject[];
  /** Relayed callbacks are signed with each of them. */
  relayed: readonly KeyObject[];
}

/**
 * Reads the secrets of callbacks. Without one of its own, what is relayed is signed as Kling signs: an app that checks Kling's
 * signatures goes on to do so.
 * @throws SidecarError `secret_invalid` if one is no secret of Standard Webhooks, or if signatures are required without one.
 */
export function readCallbackSecrets(
  config: CallbacksConfig,
  find: (name: SecretVariable) => FoundSecret | undefined,
): { keys: CallbackSecrets; all: readonly Secret[] } {
  const received = find('KLING_WEBHOOK_SECRET');
  const own = find('KLING_SIDECAR_RELAY_SECRET');
  if (config?.requireSignature === true && !received) {
    throw invalid(
      'KLING_WEBHOOK_SECRET',
      'is not set, and callbacks.requireSignature is true: every callback would be refused',
      'set it or KLING_WEBHOOK_SECRET_FILE to the secret of Kling’s console, or write "requireSignature": null',
    );
  }
  return {
    keys: { received: keysOf(received), relayed: keysOf(own ?? received) },
    all: [received, own].flatMap((found) => (found ? partsOf(found.secret) : [])),
  };
}

function keysOf(found: FoundSecret | undefined): readonly KeyObject[] {
  return found ? readSigningKeys(found.origin, found.secret) : [];
}

/** Gives each of the secrets in a text. */
function partsOf(secret: Secret): Secret[] {
  return secret
    .reveal()
    .split(' ')
    .map((part) => new Secret(part));
}
