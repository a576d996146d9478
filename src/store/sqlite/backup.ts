/**
 * Copies a store, and restores a copy.
 *
 * **Invariant**: a copy under its final name is whole, checked and on the disk; a store is replaced only by a
 * checked copy, in one rename, while no process owns it, and the replaced files are kept.
 */
import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'better-sqlite3';
import type { Clock } from '../../clock.ts';
import { SidecarError } from '../../errors.ts';
import { forgetCommits } from './commit-count.ts';
import { APPLICATION_ID, openReader } from './connection.ts';
import { takeOwnership } from './owner.ts';
import { withStoreErrors } from './store-errors.ts';
import {
  ensureFolder,
  existingStorePath,
  incomingPath,
  inspectStore,
  realStorePath,
  syncFile,
  syncFolder,
} from './store-file.ts';

/** Pages copied before the copying thread checks for an abort: 16 MiB. */
const PAGES_PER_STEP = 4096;
/** The most kept copies of replaced stores; with more, an operator must clean up the folder. */
const KEPT_MAX = 10_000;

/**
 * Copies a database, open on `db`, to a file: written as `.part`, checked, synced, renamed.
 * @throws SidecarError `bad_usage` when the target exists and `replace` is false, `store_unwritable`,
 *   `store_corrupt` when the copy does not pass its check.
 */
export async function copyDatabase(
  db: Database.Database,
  targetPath: string,
  options: { replace: boolean },
): Promise<void> {
  const target = resolve(targetPath);
  if (!options.replace) refuseExisting(target);
  const part = `${target}.part`;
  removeDatabase(part);
  try {
    closeSync(openSync(part, 'wx', 0o600));
    await db.backup(part, { progress: () => PAGES_PER_STEP });
    checkCopy(part);
    syncFile(part);
    if (!options.replace) refuseExisting(target);
    renameSync(part, target);
    syncFolder(dirname(target));
  } catch (error) {
    removeDatabase(part);
    throw copyError(db.name, target, error);
  }
}

function copyError(source: string, target: string, cause: unknown): unknown {
  if (cause instanceof SidecarError) return cause;
  const why = (cause as Error).message;
  if (cause instanceof Database.SqliteError && /^SQLITE_(NOTADB|CORRUPT)/.test(cause.code)) {
    const message = `${source} is damaged or not a store: ${why}; nothing was changed`;
    return new SidecarError('store_corrupt', message, { cause, detail: { path: source } });
  }
  const message = `cannot copy ${source} to ${target}: ${why}; check the disk's space and the permissions there`;
  return new SidecarError('store_unwritable', message, { cause, detail: { path: target } });
}

/**
 * Copies a store that another connection may be writing, in its state at one instant.
 *
 * @throws SidecarError `store_missing`, `store_corrupt`, `bad_usage` when the target exists, `store_unwritable`.
 *
 * The copy reads inside one transaction: without it each commit of the writer would start the copy again.
 */
export async function backupStore(storePath: string, targetPath: string): Promise<void> {
  const path = existingStorePath(storePath);
  const db = withStoreErrors(path, () => openReader(path));
  try {
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    await copyDatabase(db, targetPath, { replace: false });
    db.exec('COMMIT');
  } finally {
    db.close();
  }
}

/**
 * Replaces a stopped store by a backup. The old store is kept as `<store>.before-restore-<n>`.
 *
 * @returns the path of the kept file, null if there was none.
 * @throws SidecarError `store_owned` while a sidecar runs, `store_missing` without a backup, `store_corrupt` or
 *   `store_foreign` when the backup fails its check; the store is then unchanged.
 */
export async function restoreStore(
  backupPath: string,
  storePath: string,
  clock: Clock,
): Promise<{ keptAs: string | null }> {
  ensureFolder(storePath);
  const path = realStorePath(storePath);
  const source = realStorePath(backupPath);
  if (source === path)
    throw new SidecarError('bad_usage', `${source} is the store itself, not a backup of it`);
  const ownership = await takeOwnership(path, { waitMs: 0, clock });
  try {
    inspectStore(source, true);
    const incoming = incomingPath(path);
    await copyChecked(source, incoming);
    // From here to the rename a start refuses because of the incoming file, so that no new ledger begins in between.
    const keptAs = setAside(path);
    renameSync(incoming, path);
    forgetCommits(path);
    syncFolder(dirname(path));
    return { keptAs };
  } finally {
    ownership.release();
  }
}

/** Copies a backup beside the store, so that the replacement is a rename, also if the backup is on another file system. */
async function copyChecked(source: string, target: string): Promise<void> {
  removeDatabase(target);
  const db = withStoreErrors(source, () => openReader(source));
  try {
    await copyDatabase(db, target, { replace: true });
  } finally {
    db.close();
  }
}

/** Checks a finished copy, as one file without a log, so that it can be moved and read alone. */
function checkCopy(path: string): void {
  const db = new Database(path, { fileMustExist: true });
  try {
    db.pragma('journal_mode = DELETE');
    const id = db.pragma('application_id', { simple: true });
    if (id !== APPLICATION_ID) {
      throw new SidecarError(
        'store_foreign',
        `what was copied is no store of this program (application_id ${String(id)})`,
      );
    }
    const found = db.pragma('integrity_check(1)', { simple: true });
    if (found === 'ok') return;
    throw new SidecarError('store_corrupt', `the copy is damaged, so the source is: ${String(found)}`);
  } finally {
    db.close();
  }
}

/** Renames a store and its log together; gives the kept name, null if there was no store. */
function setAside(path: string): string | null {
  const keptAs = freeName(path);
  let kept: string | null = null;
  rmSync(`${path}-shm`, { force: true });
  for (const suffix of ['-wal', '-journal', '']) {
    if (!existsSync(path + suffix)) continue;
    renameSync(path + suffix, keptAs + suffix);
    kept = keptAs;
  }
  syncFolder(dirname(path));
  return kept;
}

function freeName(path: string): string {
  for (let n = 1; n < KEPT_MAX; n += 1) {
    const name = `${path}.before-restore-${n}`;
    if (!existsSync(name) && !existsSync(`${name}-wal`)) return name;
  }
  throw new SidecarError('store_unwritable', `${path}.before-restore-* are too many: move some away`);
}

function refuseExisting(target: string): void {
  if (!existsSync(target)) return;
  throw new SidecarError(
    'bad_usage',
    `${target} exists: a backup never overwrites a file; choose another name`,
  );
}

function removeDatabase(path: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}
