/**
 * Checks the store's file before it is opened: its real path, its permissions, its kind.
 *
 * **Invariant**: an existing store is never replaced by an empty one: everything except a store of ours and a missing
 * file is an error with the path and the remedy.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  statfsSync,
  statSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { SidecarError, type ErrorCode } from '../../errors.ts';

/** Symbolic links followed one after the other before they count as a loop. */
const LINKS_MAX = 16;

/** SQLite's smallest page; it would use a shorter file as a new, empty database. */
const STORE_BYTES_MIN = 512;

/**
 * File systems whose locks or fsync cannot be trusted, by the magic of statfs(2) (Linux man-pages 6.9 and
 * linux/magic.h, read 2026-11-21).
 */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
]);

/** Gives the real path of a store, through symbolic links, whether or not the file exists. */
export function realStorePath(path: string): string {
  let current = resolve(path);
  for (let links = 0; links < LINKS_MAX; links += 1) {
    const stats = statsOf(current, lstatSync);
    if (!stats?.isSymbolicLink()) return join(realDirectory(dirname(current)), basename(current));
    current = resolve(dirname(current), readlinkSync(current));
  }
  throw new SidecarError('store_unwritable', `${path} is a loop of symbolic links: point it at a file`);
}

/** Gives the path of a restore's checked copy before it replaces the store. */
export function incomingPath(path: string): string {
  return `${path}.incoming`;
}

/** Makes the store's folder (0700) if only this folder is missing. @throws SidecarError `store_unwritable`. */
export function ensureFolder(storePath: string): void {
  const folder = dirname(resolve(storePath));
  if (statsOf(folder, statSync)) return;
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (cause) {
    throw fileError('store_unwritable', folder, cause, 'make the folder, or correct store.path');
  }
}

/**
 * Checks the file at the store's real path.
 *
 * @returns `absent` if a new store may be made.
 * @throws SidecarError `store_missing`, `store_corrupt` (an empty file, a log without its store) or
 *   `store_unwritable`.
 */
export function inspectStore(path: string, requireExisting: boolean): 'absent' | 'present' {
  if (statsOf(incomingPath(path), statSync)) {
    throw new SidecarError(
      'store_corrupt',
      `a restore of ${path} was cut off: run it again, or remove ${incomingPath(path)} to keep what is there`,
      { detail: { path } },
    );
  }
  const stats = statsOf(path, statSync);
  if (!stats) {
    refuseAbsent(path, requireExisting);
    return 'absent';
  }
  if (!stats.isFile()) {
    throw new SidecarError('store_unwritable', `${path} is not a file: store.path must name one`);
  }
  if (stats.size < STORE_BYTES_MIN) {
    throw new SidecarError(
      'store_corrupt',
      `${path} is ${stats.size === 0 ? 'empty' : 'cut short'}: a store never is, so its content was lost. ` +
        'Restore a backup; or, to begin a new ledger on purpose, move the file away first',
      { detail: { path } },
    );
  }
  return 'present';
}

/** Gives the real path of a store that must exist. @throws SidecarError `store_missing`, or like {@link inspectStore}. */
export function existingStorePath(path: string): string {
  if (!statsOf(dirname(resolve(path)), statSync)) throw missing(path);
  const realPath = realStorePath(path);
  inspectStore(realPath, true);
  return realPath;
}

/** @throws SidecarError `store_unwritable` when the file or its folder does not let this user write. */
export function checkWritable(path: string): void {
  for (const target of [dirname(path), path]) {
    if (!statsOf(target, statSync)) continue;
    try {
      accessSync(target, constants.W_OK);
    } catch (cause) {
      throw fileError(
        'store_unwritable',
        target,
        cause,
        'give this user write access, or correct store.path',
      );
    }
  }
}

/** Sets the store's mode to 0600: it holds previews of prompts and stored answers. */
export function makePrivate(path: string): void {
  const stats = statsOf(path, statSync);
  if (!stats || (stats.mode & 0o077) === 0) return;
  try {
    chmodSync(path, 0o600);
  } catch {
    // A file of another user that we may write: its owner chose the mode.
  }
}

/** Gives warnings about the place of a store, as sentences to log; none of them stops a start. */
export function placeWarnings(path: string): string[] {
  const warnings: string[] = [];
  const kind = networkFileSystem(dirname(path));
  if (kind !== undefined) {
    warnings.push(
      `${path} is on ${kind}: locks and fsync may not hold there, so a crash can lose the ledger; use a local disk`,
    );
  }
  const stats = statsOf(path, statSync);
  if (stats && stats.nlink > 1) {
    warnings.push(
      `${path} has ${stats.nlink} hard links: opened by two names SQLite corrupts it; remove the others`,
    );
  }
  return warnings;
}

/** The store's size with its write-ahead log, in bytes; 0 for missing files. */
export function storeBytes(path: string): number {
  return (statsOf(path, statSync)?.size ?? 0) + walBytes(path);
}

/** Gives the bytes of a store's write-ahead log; 0 if there is none. */
export function walBytes(path: string): number {
  return statsOf(`${path}-wal`, statSync)?.size ?? 0;
}

/** Makes names in a folder durable, after a rename. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a closed file's content durable. Never call it on an open store. */
export function syncFile(path: string): void {
  syncFolder(path);
}

/** Stats of a path, undefined if there is no file. */
export function statsOf(path: string, stat: (path: string) => Stats): Stats | undefined {
  try {
    return stat(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw fileError('store_unwritable', path, cause, 'correct store.path or its permissions');
  }
}

function refuseAbsent(path: string, requireExisting: boolean): void {
  if (requireExisting) throw missing(path);
  const log = statsOf(`${path}-wal`, statSync);
  if (log && log.size > 0) {
    throw new SidecarError(
      'store_corrupt',
      `${path} is gone, but its write-ahead log ${path}-wal is there: put the file back or restore a backup; ` +
        'to begin a new ledger on purpose, move the log away',
      { detail: { path } },
    );
  }
}

function missing(path: string): SidecarError {
  return new SidecarError(
    'store_missing',
    `${path} does not exist, and it must: restore a backup, or correct store.path (a first start with ` +
      'store.requireExisting false makes a new store)',
    { detail: { path } },
  );
}

function realDirectory(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (cause) {
    throw fileError('store_unwritable', folder, cause, 'make the folder, or correct store.path');
  }
}

function networkFileSystem(folder: string): string | undefined {
  try {
    return NETWORK_FILE_SYSTEMS.get(statfsSync(folder).type);
  } catch {
    return undefined;
  }
}

function fileError(code: ErrorCode, path: string, cause: unknown, advice: string): SidecarError {
  const why = (cause as Error).message;
  return new SidecarError(code, `${path}: ${why}; ${advice}`, { cause, detail: { path } });
}
