/**
 * The npm that started this process, where one did: its end is ours too.
 *
 * npm passes SIGTERM and SIGINT on to its script. It dies of SIGHUP and SIGKILL without a word, and the script would
 * live on as an orphan that holds the store. So the process looks whether its parent is still the one that started it.
 */
import { fileURLToPath } from 'node:url';
import type { Clock } from '../clock.ts';
import type { Environment } from '../config/config-environment.ts';
import type { Ms } from '../units.ts';

/** How often the parent is looked at: an orphan lives at most this long before it begins to stop. */
export const LOOK_MS: Ms = 500;

const OWN_PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));

/**
 * Tells whether npm started this process as a script of this very package. A script of another package may start the
 * sidecar in the background and end before it, on purpose.
 */
export function isStartedByNpm(env: Environment, ownPackage: string = OWN_PACKAGE): boolean {
  return (env['npm_lifecycle_event'] ?? '') !== '' && env['npm_package_json'] === ownPackage;
}

/** Calls `onGone` once when the parent process ends: another process is the parent from then on. */
export function watchParent(
  clock: Clock,
  onGone: () => void,
  parentPid: () => number = () => process.ppid,
): { close(): void } {
  const startedBy = parentPid();
  const timer = clock.every(LOOK_MS, () => {
    if (parentPid() === startedBy) return;
    timer.cancel();
    onGone();
  });
  return { close: () => timer.cancel() };
}
