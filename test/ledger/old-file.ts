/** Files of stores as versions before `creates` left them. */
import { closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { storeModules } from '../../src/app/store-operations.ts';
import { APPLICATION_ID } from '../../src/store/sqlite/connection.ts';
import { orderMigrations } from '../../src/store/registry.ts';
import { fillOldStore, FIRST_AFTER, type OldVersion } from './old-store.ts';

/** Writes a store of an old version to a new file. */
export function writeOldStore(
  path: string,
  options: { version: OldVersion; creates: number; seed?: number },
): void {
  closeSync(openSync(path, 'wx', 0o600));
  const db = new Database(path);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = OFF');
  db.exec('CREATE TABLE schema_migrations (id TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT');
  migrateTo(db, FIRST_AFTER[options.version]);
  fillOldStore(db, options);
  db.close();
}

/** Brings a store to the schema before a migration. */
export function migrateTo(db: Database.Database, before: string): void {
  const done = new Set(db.prepare<[], string>('SELECT id FROM schema_migrations').pluck().all());
  const record = db.prepare('INSERT INTO schema_migrations (id, applied_at) VALUES (?, 1)');
  for (const { id, sqlite } of orderMigrations(storeModules)) {
    if (done.has(id) || id >= before) continue;
    db.exec(sqlite);
    record.run(id);
  }
}
