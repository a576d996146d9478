/**
 * The control token: from the environment, else made at the first start and kept beside the store.
 *
 * **Invariant**: the file appears whole or not at all, with mode 0600, and we never replace it: if two first
 * starts run at once, one makes it and both use it.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { SidecarError } from '../errors.ts';
import type { Config } from './config.ts';

const TOKEN_BYTES = 32;

/** Gives the path of the token's file, beside the store. */
export function controlTokenPath(store: Pick<Config['store'], 'path'>): string {
  return path.join(path.dirname(store.path), 'control.token');
}

/**
 * Makes the token's file if there is none.
 * @throws SidecarError `store_missing` if the store must exist and does not, `secret_invalid` if the file
 *   cannot be written.
 */
export function ensureControlToken(store: Pick<Config['store'], 'path' | 'requireExisting'>): void {
  const target = controlTokenPath(store);
  if (existsSync(target)) return;
  if (store.requireExisting && !existsSync(store.path)) {
    throw new SidecarError(
      'store_missing',
      `There is no store at ${store.path} and store.requireExisting is true: is the volume mounted?`,
    );
  }
  const draft = `${target}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    writePrivate(draft, `${randomBytes(TOKEN_BYTES).toString('base64url')}\n`);
    // A link, unlike a rename, does not replace the file that another start has made meanwhile.
    linkSync(draft, target);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return;
    const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw new SidecarError(
      'secret_invalid',
      `The control token cannot be written to ${target} (${code}): make its folder writable for this user, or set ` +
        'KLING_SIDECAR_CONTROL_TOKEN_FILE.',
      { cause },
    );
  } finally {
    rmSync(draft, { force: true });
  }
}

function writePrivate(file: string, text: string): void {
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
