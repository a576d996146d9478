/** Notices that a secret's file was replaced or rewritten, by asking for it every few seconds. */
import { stat } from 'node:fs/promises';
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
  const seen = new Map<string, string>();
  let isLooking = false;
  const replace = (wanted: readonly string[]): void => {
    for (const path of seen.keys()) if (!wanted.includes(path)) seen.delete(path);
    for (const path of wanted) if (!seen.has(path)) seen.set(path, '');
  };
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    const changed: string[] = [];
    for (const [path, before] of seen) {
      const now = await markOf(path);
      if (now === undefined || !seen.has(path)) continue;
      seen.set(path, now);
      if (before !== '' && before !== now) changed.push(path);
    }
    isLooking = false;
    if (changed.length > 0) options.onChange(changed);
  };
  replace(paths);
  void look();
  const timer = options.clock.every(options.periodMs ?? WATCH_MS, () => void look());
  return { files: replace, close: () => timer.cancel() };
}

async function markOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, mtimeMs, ctimeMs, size } = await stat(path);
    return [dev, ino, mtimeMs, ctimeMs, size].join(':');
  } catch {
    return undefined;
  }
}
