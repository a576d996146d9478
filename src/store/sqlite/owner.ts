/**
 * Ownership: one running process owns one store.
 *
 * The owner holds an exclusive SQLite transaction on `<store>.owner`, an empty file beside the store, for its whole
 * life. The operating system drops that lock at every kind of end of the process, and the lock also works between
 * containers, where every pid may be 1. Pid and host in `<store>.owner.json` are only text for people.
 *
 * **Invariant**: nothing here decides by that text, and only SQLite opens the lock file.
 */
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import Database from 'better-sqlite3';
import { sleep, stayAwake, type Clock } from '../../clock.ts';
import { SidecarError } from '../../errors.ts';
import type { Ms } from '../../units.ts';

/** The owner of a store, from the text that it wrote. */
export interface OwnerText {
  pid: number;
  host: string;
  /** ISO 8601, UTC. */
  startedAt: string;
}

export interface Ownership {
  /** Gives the store up. Idempotent. */
  release(): void;
}

export interface OwnershipOptions {
  /** How long to wait for another owner's end; 0 tries once. */
  waitMs: Ms;
  clock: Clock;
  /** Called once if the start must wait for the store, with the owner's text; null if it wrote none. */
  onWait?: ((owner: OwnerText | null) => void) | undefined;
}

/** How often a waiting process tries again. */
const RETRY_MS: Ms = 100;

/** The lock file of a store; deleting it while a sidecar runs would let a second one in. */
export function ownerLockPath(storePath: string): string {
  return `${storePath}.owner`;
}

/**
 * Takes a store's ownership; tries for `waitMs` (0: once).
 * @throws SidecarError `store_owned` with `pid` and `host` when another process keeps it, `store_unwritable`
 *   when the lock file cannot be made.
 */
export async function takeOwnership(storePath: string, options: OwnershipOptions): Promise<Ownership> {
  const { clock, waitMs, onWait } = options;
  const untilMs = clock.monotonic() + waitMs;
  const awake = stayAwake();
  let isWaiting = false;
  try {
    for (;;) {
      const lock = tryLock(storePath);
      if (lock) return own(storePath, lock, clock);
      const leftMs = untilMs - clock.monotonic();
      if (leftMs <= 0) throw ownedError(storePath, waitMs);
      if (!isWaiting) onWait?.(readOwner(storePath) ?? null);
      isWaiting = true;
      await sleep(clock, Math.min(RETRY_MS, leftMs));
    }
  } finally {
    awake.end();
  }
}

/** Reads the owner's text; undefined if there is none. For people: it may be out of date. */
function readOwner(storePath: string): OwnerText | undefined {
  try {
    const text = JSON.parse(readFileSync(`${storePath}.owner.json`, 'utf8')) as Partial<OwnerText>;
    const { pid, host, startedAt } = text;
    if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
    return { pid, host, startedAt: String(startedAt) };
  } catch {
    return undefined;
  }
}

/**
 * Finds the process that owns a store now; null if none does or the lock file cannot be read.
 * If the lock is free it is taken for an instant: a start that waits for the store tries again.
 */
export function findOwner(storePath: string): OwnerText | 'unknown' | null {
  if (!existsSync(ownerLockPath(storePath))) return null;
  try {
    const lock = tryLock(storePath);
    if (!lock) return readOwner(storePath) ?? 'unknown';
    lock.close();
    return null;
  } catch {
    return null;
  }
}

/** The error for a store that another process owns. */
function ownedError(storePath: string, waitedMs: Ms): SidecarError {
  const owner = readOwner(storePath);
  const who = owner ? `pid ${owner.pid} on host ${owner.host}, since ${owner.startedAt}` : 'another process';
  const waited = waitedMs > 0 ? ` (waited ${waitedMs} ms)` : '';
  return new SidecarError(
    'store_owned',
    `${storePath} is owned by ${who}${waited}: one running sidecar owns one store. ` +
      'Stop that one, or give this one another store.path',
    { detail: { path: storePath, pid: owner?.pid ?? null, host: owner?.host ?? null } },
  );
}

function own(storePath: string, lock: Database.Database, clock: Clock): Ownership {
  const textPath = `${storePath}.owner.json`;
  const text: OwnerText = {
    pid: process.pid,
    host: hostname(),
    startedAt: new Date(clock.now()).toISOString(),
  };
  try {
    writeFileSync(`${textPath}.new`, `${JSON.stringify(text)}\n`, { mode: 0o600 });
    renameSync(`${textPath}.new`, textPath);
  } catch (error) {
    lock.close();
    throw unwritable(textPath, error);
  }
  return {
    release() {
      if (!lock.open) return;
      // The text is removed first: later it may be another owner's. The lock file stays: if it were removed,
      // one process could lock the removed file and another a new one.
      rmSync(textPath, { force: true });
      lock.close();
    },
  };
}

/** Gives the connection that holds the lock, or undefined while another process does. */
function tryLock(storePath: string): Database.Database | undefined {
  const path = ownerLockPath(storePath);
  let db: Database.Database | undefined;
  try {
    createPrivate(path);
    db = new Database(path, { timeout: 0, fileMustExist: true });
    // Nothing is ever committed here: so no journal file and no space for one are needed.
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return undefined;
    throw unwritable(path, error);
  }
}

/** Makes a file that only its owner may read, if there is none. */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function unwritable(path: string, cause: unknown): SidecarError {
  return new SidecarError(
    'store_unwritable',
    `${path} cannot be written: ${(cause as Error).message}. ` +
      'Check the disk’s space, and that this user may write in the folder',
    { cause, detail: { path } },
  );
}
