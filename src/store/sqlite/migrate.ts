/**
 * Brings a store's schema to this version, or makes a new store.
 *
 * **Invariant**: all pending migrations are one transaction: killed at any instant, the file holds the old schema
 * or the new one. A new store is made under another name and renamed when it is whole. Before an existing store
 * changes, a copy is made beside it. A file of another program or of a newer version stays unchanged.
 */
import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import type { Clock } from '../../clock.ts';
import { SidecarError } from '../../errors.ts';
import { copyDatabase } from './backup.ts';
import { checkCommits } from './commit-count.ts';
import { APPLICATION_ID, openWriter, setFullSync } from './connection.ts';
import type { Migration } from '../operation.ts';
import { corrupt, withStoreErrors, toStoreError } from './store-errors.ts';
import { storeBytes, syncFolder } from './store-file.ts';

/** Larger files are not checked completely at each start: a gigabyte takes seconds. Pages are still checked when used. */
const QUICK_CHECK_BYTES_MAX = 64 * 1024 * 1024;

/** Makes a new store at `path`, whole or not at all. */
export function createStore(path: string, migrations: readonly Migration[], clock: Clock): void {
  const newPath = `${path}.new`;
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(newPath + suffix, { force: true });
  closeSync(openSync(newPath, 'wx', 0o600));
  const db = new Database(newPath);
  try {
    setFullSync(db);
    db.exec('BEGIN IMMEDIATE');
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.exec('CREATE TABLE schema_migrations (id TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT');
    applyMigrations(db, migrations, clock);
    db.exec('COMMIT');
  } finally {
    db.close();
  }
  renameSync(newPath, path);
  syncFolder(dirname(path));
}

/**
 * Opens an existing store for writing and migrates it.
 * @throws SidecarError `store_corrupt`, `store_foreign`, `store_newer`; the file is then unchanged.
 */
export async function openAndMigrate(
  path: string,
  migrations: readonly Migration[],
  options: { clock: Clock; log: (message: string) => void },
): Promise<Database.Database> {
  checkBeforeWriting(path, migrations);
  const db = withStoreErrors(path, () => openWriter(path));
  try {
    const pending = pendingMigrations(db, path, migrations);
    if (pending.length > 0) await migrate(db, path, pending, options);
    return db;
  } catch (error) {
    db.close();
    throw toStoreError(path, error);
  }
}

/** Checks an open store: ours, whole, no newer than this version. Gives the missing migrations. */
export function pendingMigrations(
  db: Database.Database,
  path: string,
  migrations: readonly Migration[],
): Migration[] {
  const applied = appliedMigrations(db, path);
  const known = new Set(migrations.map(({ id }) => id));
  const unknown = applied.filter((id) => !known.has(id));
  if (unknown.length > 0) {
    throw new SidecarError(
      'store_newer',
      `${path} was written by a newer version (it has migrations ${unknown.join(', ')}, unknown here): ` +
        `start that version, or restore the copy made before it (${path}.before-${unknown[0]})`,
      { detail: { path, migration: unknown[0] ?? '' } },
    );
  }
  const done = new Set(applied);
  return migrations.filter(({ id }) => !done.has(id));
}

/** Checks that an open file is whole and ours; reads it completely if it is not too large, or `always`. */
export function checkIdentity(db: Database.Database, path: string, always = false): void {
  withStoreErrors(path, () => {
    const id = db.pragma('application_id', { simple: true });
    if (id !== APPLICATION_ID) {
      throw new SidecarError(
        'store_foreign',
        `${path} is an SQLite file of another program (application_id ${String(id)}): ` +
          'it is left as it is; give store.path another name',
        { detail: { path } },
      );
    }
    if (!always && storeBytes(path) > QUICK_CHECK_BYTES_MAX) return;
    const found = db.pragma('quick_check(1)', { simple: true });
    if (found !== 'ok') throw corrupt(path, String(found));
  });
}

/** A read-only check, so that a file that is not ours is not even switched to WAL. */
function checkBeforeWriting(path: string, migrations: readonly Migration[]): void {
  const db = withStoreErrors(path, () => new Database(path, { readonly: true, fileMustExist: true }));
  try {
    checkIdentity(db, path);
    withStoreErrors(path, () => checkCommits(db, path));
    withStoreErrors(path, () => pendingMigrations(db, path, migrations));
  } finally {
    db.close();
  }
}

function appliedMigrations(db: Database.Database, path: string): string[] {
  const table = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'`).get();
  if (!table) throw corrupt(path, 'it has no table schema_migrations');
  return db.prepare<[], string>('SELECT id FROM schema_migrations ORDER BY id').pluck().all();
}

async function migrate(
  db: Database.Database,
  path: string,
  pending: readonly Migration[],
  options: { clock: Clock; log: (message: string) => void },
): Promise<void> {
  const { clock, log } = options;
  const copy = `${path}.before-${pending[0]?.id}`;
  const startedAt = clock.monotonic();
  // A large store takes minutes: each step is logged before it begins.
  log(`copying ${path} (${Math.ceil(storeBytes(path) / 1_000_000)} MB) to ${copy} before its migration`);
  // An older copy of that name is from an upgrade that was undone or interrupted; the new copy replaces it.
  await copyDatabase(db, copy, { replace: true });
  log(`migrating ${path}: ${pending.map(({ id }) => id).join(', ')}; the copy is kept`);
  // Rebuilding a table drops it for a moment; the references are checked as a whole before the commit.
  db.pragma('foreign_keys = OFF');
  db.exec('BEGIN IMMEDIATE');
  try {
    applyMigrations(db, pending, clock);
    const broken = db.pragma('foreign_key_check') as unknown[];
    if (broken.length > 0)
      throw new Error(`${broken.length} rows would refer to nothing after the migration`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw isContradiction(error) ? contradiction(path, error) : error;
  }
  db.pragma('foreign_keys = ON');
  log(`migrated ${path} in ${Math.ceil((clock.monotonic() - startedAt) / 1_000)} s`);
}

/** Whether rows of the old schema break a rule of the new one. */
function isContradiction(error: unknown): error is InstanceType<typeof Database.SqliteError> {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CONSTRAINT');
}

function contradiction(path: string, error: Error): SidecarError {
  return new SidecarError(
    'store_corrupt',
    `${path} was not migrated: its rows contradict each other (${error.message}). It is left as it is. ` +
      'Start the version before, run `kling-sidecar ledger verify` with it, and restore a backup that agrees',
    { cause: error, detail: { path } },
  );
}

function applyMigrations(db: Database.Database, migrations: readonly Migration[], clock: Clock): void {
  const record = db.prepare('INSERT INTO schema_migrations (id, applied_at) VALUES (?, ?)');
  for (const migration of migrations) {
    db.exec(migration.sqlite);
    record.run(migration.id, clock.now());
  }
}
