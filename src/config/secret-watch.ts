/** Notices that a secret's file was replaced or rewritten, by asking for it every few seconds. */
import { statSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

/** How often files are asked for. Watching by inode events would miss the renames and links that mounts use. */
export const WATCH_MS = 3_000;

export interface SecretWatch {
  /** Looks at other files from now on. */
  files(paths: readonly string[]): void;
  close(): void;
}

export interface WatchOptions {
  clock: Clock;
  /** Told once for all files that changed since the last look. */
  onChange: (paths: readonly string[]) => void;
  periodMs?: Ms;
}

/** Watches files; one that is away for a moment counts as unchanged until it is back. Never keeps the process alive. */
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
 * What tells one state of a file from another; undefined where it cannot be asked for. A handful of local files, so
 * that they are asked for at once.
 */
function markOf(path: string): string | undefined {
  try {
    const { dev, ino, mtimeMs, ctimeMs, size } = statSync(path);
    return [dev, ino, mtimeMs, ctimeMs, size].join(':');
  } catch {
    return undefined;
  }
}
