/** Finds that a secret's file was replaced or rewritten, by a check every few seconds. */
import { statSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

/** The interval of the checks. Watching by inode events would miss the renames and links of mounts. */
export const WATCH_MS = 3_000;

export interface SecretWatch {
  /** Sets the files to check from now on. */
  files(paths: readonly string[]): void;
  close(): void;
}

export interface WatchOptions {
  clock: Clock;
  /** Called once for all files that changed since the last check. */
  onChange: (paths: readonly string[]) => void;
  periodMs?: Ms;
}

/** Watches files; a file that is missing for a moment counts as unchanged until it is back. Never keeps the process alive. */
export function watchSecrets(paths: readonly string[], options: WatchOptions): SecretWatch {
  let seen = new Map<string, string>();
  const watchOnly = (wanted: readonly string[]): void => {
    seen = new Map(wanted.map((path) => [path, seen.get(path) ?? markOf(path) ?? '']));
  };
  const look = (): void => {
    const changed: string[] = [];
    for (const [path, before] of seen) {
      const now = markOf(path);
      if (now === undefined || now === before) continue;
      seen.set(path, now);
      changed.push(path);
    }
    if (changed.length > 0) options.onChange(changed);
  };
  watchOnly(paths);
  const timer = options.clock.every(options.periodMs ?? WATCH_MS, look);
  return { files: watchOnly, close: () => timer.cancel() };
}

/**
 * Gives a text that differs for each state of a file; undefined if it cannot be read. There are only a few local files, so
 * they are checked together.
 */
function markOf(path: string): string | undefined {
  try {
    const { dev, ino, mtimeMs, ctimeMs, size } = statSync(path);
    return [dev, ino, mtimeMs, ctimeMs, size].join(':');
  } catch {
    return undefined;
  }
}
