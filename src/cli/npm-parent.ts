/**
 * The npm that started this process, if one did: this process ends with it.
 *
 * npm passes SIGTERM and SIGINT on to its script. SIGHUP and SIGKILL end npm alone, and the script would
 * continue as an orphan that holds the store. So the process checks whether its parent is still the one that started it.
 */
import { fileURLToPath } from 'node:url';
import type { Clock } from '../clock.ts';
import type { Environment } from '../config/config-environment.ts';
import type { Ms } from '../units.ts';

/** The interval of the check: an orphan runs at most this long before it begins to stop. */
export const LOOK_MS: Ms = 500;

const OWN_PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));

/**
 * Returns whether npm started this process as a script of this package. A script of another package may start the
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
