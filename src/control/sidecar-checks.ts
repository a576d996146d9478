/** What `doctor` finds of the process: whether it runs and is ready, and whether it is the one that the config means. */
import { notOk, ok, type Check } from '../check.ts';
import { durationText, sentence } from '../phrases.ts';
import type { StatusAnswer } from './schemas.ts';

/** Says that no sidecar answers at an address, `host:port`. */
export function notRunning(address: string): Check {
  const finding = `None answers at ${address}: nothing is signed, held or recorded now.`;
  return notOk('warn', 'sidecar', finding, 'Start it: kling-sidecar start.');
}

/** Checks that what runs at a URL is of the version of the command. */
export function checkVersion(
  { version, uptimeSeconds }: Pick<StatusAnswer, 'version' | 'uptimeSeconds'>,
  { own, url }: { own: string; url: string },
): Check {
  const since = durationText(uptimeSeconds * 1000);
  if (version === own) return ok('sidecar', `Version ${own} runs at ${url}, for ${since}.`);
  return notOk(
    'warn',
    'sidecar',
    `Version ${version} runs at ${url}, and this command is ${own}.`,
    'Restart the sidecar from this checkout, or run the command of its own.',
  );
}

/** Checks what `/readyz` answered; null if nothing did. */
export function checkReady(reply: { status: number; body: unknown } | null): Check {
  const { ready, reasons = [] } = (reply?.body ?? {}) as { ready?: boolean; reasons?: string[] };
  if (reply?.status === 200 && ready === true) return ok('ready', 'It can do its work.');
  const why = reasons.join('; ') || 'no reason given';
  return notOk('fail', 'ready', sentence(`It is not: ${why}`), 'Look at the log, and at the disk.');
}

/** What the config of the command names; `realStore` is the store's path without links. */
export interface Meant {
  store: string;
  realStore: string;
  upstream: string;
}

/** Warns where the sidecar writes to another store, or forwards to another upstream, than the config names. */
export function otherPlaceChecks(
  { store, upstream }: Pick<StatusAnswer, 'store' | 'upstream'>,
  meant: Meant,
): Check[] {
  const checks: Check[] = [];
  if (meant.realStore !== store.path) {
    const finding = `It writes to ${store.path}, and the config here names ${meant.store}.`;
    checks.push(
      notOk('warn', 'sidecar', finding, 'Run doctor with the config the sidecar was started with.'),
    );
  }
  if (upstream !== meant.upstream) {
    const finding = `It forwards to ${upstream}, and the config here says ${meant.upstream}.`;
    checks.push(notOk('warn', 'sidecar', finding, 'Reload it (SIGHUP), or run doctor with its own config.'));
  }
  return checks;
}
