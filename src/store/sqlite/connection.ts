/**
 * Opens SQLite connections and sets their pragmas, each with its reason.
 *
 * **Invariant**: only this module makes connections to a store, and no code opens the file of an open store
 * directly: closing any descriptor of it would drop SQLite's locks (sqlite.org/howtocorrupt.html, section 2.2,
 * read 2026-11-21).
 */
import Database from 'better-sqlite3';
import { SidecarError } from '../../errors.ts';

/** `KSC1`: marks the file as a store of this program (`PRAGMA application_id`). */
export const APPLICATION_ID = 0x4b_53_43_31;

/** How long a statement waits for another connection's lock before it fails. */
const BUSY_MS = 5000;
/** The size of the write-ahead log after a reset: a slow reader may have let it grow. */
export const WAL_BYTES_KEPT = 67_108_864;
/** Pages in the log before a commit checkpoints it: 16 MiB, so that a page with many changes is copied once for many commits. */
const CHECKPOINT_PAGES = 4096;
/**
 * Memory for pages of the file, for each connection. better-sqlite3 is compiled for 16 MiB, and three connections would hold
 * 48; a page that is not kept is read from the system's own cache.
 */
const CACHE_KIB = 4096;

/** Opens the one connection that writes. The file must exist. */
export function openWriter(path: string): Database.Database {
  const db = new Database(path, { fileMustExist: true, timeout: BUSY_MS });
  try {
    setCommonPragmas(db);
    // Readers continue while the writer commits, and a commit is one append and one fsync.
    db.pragma('journal_mode = WAL');
    setFullSync(db);
    db.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens a connection that can only read, with or without a running writer. */
export function openReader(path: string): Database.Database {
  const db = new Database(path, { fileMustExist: true, readonly: true, timeout: BUSY_MS });
  try {
    setCommonPragmas(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Sets `synchronous=FULL`: better-sqlite3 is compiled so that WAL means NORMAL, and NORMAL lost 200 of 200
 * acknowledged commits in a replayed power cut (FULL none). {@link assertFullSync} reads it back after a write.
 */
export function setFullSync(db: Database.Database): void {
  db.pragma('synchronous = FULL');
}

/**
 * Checks that commits are durable. Call after the first committed write: before it the pragma always answers
 * 2.
 * @throws SidecarError `store_unwritable` when it is not FULL.
 */
export function assertFullSync(db: Database.Database): void {
  const level = db.pragma('synchronous', { simple: true });
  if (level === 2) return;
  throw new SidecarError(
    'store_unwritable',
    `${db.name}: SQLite reports synchronous=${String(level)} after the first write, where 2 (FULL) was set: ` +
      'commits would not survive a power cut, so the store is not used',
  );
}

function setCommonPragmas(db: Database.Database): void {
  // Each connection must switch on the check of foreign keys.
  db.pragma('foreign_keys = ON');
  // A page with impossible cells is an error when it is read, and gives no wrong data later.
  db.pragma('cell_size_check = ON');
  // A manipulated schema must not call functions with side effects.
  db.pragma('trusted_schema = OFF');
  db.pragma(`cache_size = -${CACHE_KIB}`);
}
