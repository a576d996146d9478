/**
 * The job `backup`: copies the store, opens and verifies the copy, and drops the oldest surplus ones.
 *
 * The copy is written under a name that begins with a dot. SQLite checks its integrity and it is synced (`copyDatabase`), then
 * the ledger in it is verified, and only after that it gets its name.
 *
 * **Invariant**: a file with a backup's name is whole and its books agree. A run that fails or is interrupted drops no backup.
 */
import { mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import { verifyLedger, type Verification } from '../ledger/verify.ts';
import { openStoreReadOnly } from '../store/sqlite/read-only-store.ts';
import { syncFolder } from '../store/sqlite/store-file.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import { backupName, isLeftover, surplusBackups, unverifiedName } from './backup-files.ts';

/** The free space that must remain after a copy, so that the store can continue: its write-ahead log may grow to this size. */
const FREE_BYTES_MIN = 64 * 1024 * 1024;
const MIB = 1024 * 1024;

export interface BackupDeps {
  store: Pick<Store, 'backup' | 'stats'>;
  /** The entry of the store's reading worker. */
  reader: URL;
  clock: Clock;
  /** An old backup could not be dropped; the new one is good. */
  onWarning: (message: string, error: unknown) => void;
  /** Keeps the result of the ledger's verification in the copy, also if it does not agree. */
  onVerified?: (verified: Verification) => Promise<unknown>;
}

export interface BackupSettings {
  /** Absolute; it is made if it is missing. */
  folder: string;
  /** At least 1. */
  kept: number;
}

export interface Backup {
  path: string;
  dropped: string[];
  verified: Verification;
}

/**
 * Makes a backup.
 * @throws SidecarError `store_unwritable`, `store_corrupt` if the copy is damaged or its ledger does not agree,
 *   `ledger_unavailable` if the signal aborts.
 */
export async function makeBackup(
  deps: BackupDeps,
  { folder, kept }: BackupSettings,
  { at, signal }: { at: Ms; signal: AbortSignal },
): Promise<Backup> {
  const { path: storePath, bytes } = deps.store.stats();
  const name = backupName(storePath, at);
  const target = path.join(folder, name);
  const unverified = path.join(folder, unverifiedName(name));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await dropLeftovers(folder, storePath);
    await refuseFullDisk(folder, bytes);
    await deps.store.backup(unverified, signal);
    const verified = await verifyCopy(deps, unverified, signal);
    await rename(unverified, target);
    syncFolder(folder);
    const dropped = await dropSurplus(deps, folder, { storePath, made: name, kept, at });
    return { path: target, dropped, verified };
  } catch (error) {
    await dropLeftovers(folder, storePath).catch(() => undefined);
    throw asSidecarError(error, folder);
  }
}

async function dropLeftovers(folder: string, storePath: string): Promise<void> {
  for (const name of await readdir(folder))
    if (isLeftover(storePath, name)) await rm(path.join(folder, name), { force: true });
}

async function refuseFullDisk(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const needed = bytes + FREE_BYTES_MIN;
  if (free >= needed) return;
  throw new SidecarError(
    'store_unwritable',
    `a backup needs ${mib(needed)} MiB in ${folder} and ${mib(free)} are free: make room, or name another jobs.backupDir`,
  );
}

function mib(bytes: number): number {
  return Math.ceil(bytes / MIB);
}

async function verifyCopy(
  { reader, clock, onVerified }: BackupDeps,
  copy: string,
  signal: AbortSignal,
): Promise<Verification> {
  const store = await openStoreReadOnly(copy, { reader, clock });
  const abandon = (): void => store.abandon();
  signal.addEventListener('abort', abandon, { once: true });
  try {
    if (signal.aborted) throw new SidecarError('ledger_unavailable', 'the backup was aborted');
    const verified = await store.read(verifyLedger, {});
    await onVerified?.(verified);
    if (!verified.ok) throw wrongBooks(verified);
    await store.close();
    return verified;
  } catch (error) {
    store.abandon();
    throw error;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

function wrongBooks({ problems: [first = ''] }: Verification): SidecarError {
  const message = `the ledger in the copy does not agree, so the store's does not: ${first}; see kling-sidecar ledger verify`;
  return new SidecarError('store_corrupt', message);
}

async function dropSurplus(
  { onWarning }: BackupDeps,
  folder: string,
  which: Parameters<typeof surplusBackups>[1],
): Promise<string[]> {
  const dropped: string[] = [];
  for (const name of surplusBackups(await readdir(folder), which)) {
    try {
      await rm(path.join(folder, name));
      dropped.push(name);
    } catch (error) {
      onWarning(`the old backup ${path.join(folder, name)} could not be dropped`, error);
    }
  }
  return dropped;
}

function asSidecarError(error: unknown, folder: string): unknown {
  if (error instanceof SidecarError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const message = `cannot write a backup to ${folder}: ${why}; check the folder and its permissions (jobs.backupDir)`;
  return new SidecarError('store_unwritable', message, { cause: error });
}
