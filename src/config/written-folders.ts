/** The folders that a running sidecar writes to, checked by writing into them. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from './config.ts';

/** A folder that is written to, and the key that names it. */
export interface WrittenFolder {
  key: string;
  /** Absolute. */
  folder: string;
  /** The content of the folder, for people. */
  what: string;
}

/** Lists every folder that a sidecar with this config writes to. */
export function writtenFolders({
  store,
  claims,
  jobs,
  results,
}: Pick<Config, 'store' | 'claims' | 'jobs' | 'results'>): WrittenFolder[] {
  const backups = { key: 'jobs.backupDir', folder: jobs.backupDir, what: 'backups of the store' };
  return [
    { key: 'store.path', folder: path.dirname(store.path), what: 'the store and the control token' },
    { key: 'claims.directory', folder: claims.directory, what: 'drafts of claims' },
    ...(jobs.crons.backup === null ? [] : [backups]),
    ...(results.keep ? [{ key: 'results.dir', folder: results.dir, what: 'files of results' }] : []),
  ];
}

/**
 * Creates and removes an empty file in a folder; where there is no folder yet, a folder in the nearest one above.
 * @returns null if that worked, else the failure, as a part of a sentence.
 */
export async function tryFolder(folder: string): Promise<string | null> {
  const present = await nearestFolder(folder);
  if (present === null) return `a file is in the way of ${folder}`;
  try {
    await (present === folder ? tryFile(present) : trySubfolder(present));
    return null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error';
    const what = present === folder ? 'a file' : 'a folder';
    return `${what} cannot be created in ${present} (${code}) by ${userText()}`;
  }
}

function userText(): string {
  const uid = process.getuid?.();
  return uid === undefined ? 'this user' : `user ${uid}`;
}

async function tryFile(folder: string): Promise<void> {
  const file = path.join(folder, `.kling-sidecar-try-${process.pid}-${randomBytes(4).toString('hex')}`);
  const handle = await open(file, 'wx', 0o600);
  await handle.close();
  await rm(file);
}

async function trySubfolder(folder: string): Promise<void> {
  await rmdir(await mkdtemp(path.join(folder, '.kling-sidecar-try-')));
}

/** Gives the folder itself, or the nearest one above it that exists; null if a file has its name. */
async function nearestFolder(wanted: string): Promise<string | null> {
  for (let folder = wanted; ; folder = path.dirname(folder)) {
    const stats = await stat(folder).catch(() => null);
    if (stats) return stats.isDirectory() ? folder : null;
    if (path.dirname(folder) === folder) return null;
  }
}
