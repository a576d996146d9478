/**
 * The number of the last commit, kept twice: in the store by each batch's own transaction, and beside it in
 * `<store>.commits`, written after the commit.
 *
 * SQLite reads a damaged, cut or deleted write-ahead log without an error up to its last good frame. The file beside the
 * store shows that commits are missing. It is written without an fsync: after a kill of the process it is exact; after a
 * power cut it may be older than the store and then proves only its own number.
 *
 * **Invariant**: the file never has a number whose commit was not durable before. It exists only from a start to a clean
 * end, after which everything is in the main file.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { SidecarError } from '../../errors.ts';

/** The digits of the largest safe integer, so that every write replaces all of the one before. */
const DIGITS = 16;

/** Gives the path of the number of a store's last commit. */
function commitsPath(storePath: string): string {
  return `${storePath}.commits`;
}

/** Reads the number beside a store; null after a clean end, or if the file has no number. */
export function lastCommitBeside(storePath: string): number | null {
  try {
    const text = readFileSync(commitsPath(storePath), 'utf8');
    return /^\d{16}\n$/.test(text) ? Number(text) : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Removes the number beside a store: the present store counts. */
export function forgetCommits(storePath: string): void {
  rmSync(commitsPath(storePath), { force: true });
}

/**
 * Checks that an open store has every commit that the number beside it proves.
 * @throws SidecarError `store_corrupt` if some are missing.
 */
export function checkCommits(db: Database.Database, storePath: string): void {
  const known = lastCommitBeside(storePath);
  const found = lastCommitIn(db);
  if (known === null || found >= known) return;
  throw missingCommits(
    storePath,
    `it has ${found} of the ${known} commits that it had: its write-ahead log was damaged, cut or deleted, or an ` +
      'older copy is in its place',
  );
}

/** @throws SidecarError `store_corrupt` if a missing store was in use until its process was killed. */
export function refuseGoneStore(storePath: string): void {
  const known = lastCommitBeside(storePath);
  if (known === null) return;
  throw missingCommits(storePath, `it is gone, though it was in use and had ${known} commits`);
}

function missingCommits(path: string, what: string): SidecarError {
  return new SidecarError(
    'store_corrupt',
    `${path} has lost part of the ledger: ${what}. Nothing was changed. Put the files back, or restore a backup ` +
      '(kling-sidecar restore FILE); what was spent since is in Kling’s own records. To go on with what is there, ' +
      `remove ${commitsPath(path)}`,
    { detail: { path } },
  );
}

/** The number in the store; 0 if no version that counts has opened it. */
function lastCommitIn(db: Database.Database): number {
  const column = `SELECT 1 FROM pragma_table_info('store_opened') WHERE name = 'commits'`;
  if (!db.prepare(column).get()) return 0;
  return db.prepare<[], number>('SELECT commits FROM store_opened').pluck().get() ?? 0;
}

/** Counts commits on the connection that writes. */
export class CommitCount {
  readonly #file: number;
  readonly #storePath: string;
  readonly #raise: Database.Statement<[], number>;
  readonly #totalChanges: Database.Statement<[], number>;
  #count: number;
  /** The number of the running transaction. */
  #next = 0;
  #seenChanges = 0;

  /** Begins to count; the table `store_opened` has its row. */
  constructor(db: Database.Database, storePath: string) {
    if (!db.prepare(`SELECT 1 FROM pragma_table_info('store_opened') WHERE name = 'commits'`).get())
      db.exec('ALTER TABLE store_opened ADD COLUMN commits INTEGER NOT NULL DEFAULT 0');
    this.#storePath = storePath;
    // Raised in the row itself: a process that lost its ownership may still write beside the next owner.
    this.#raise = db
      .prepare<[], number>('UPDATE store_opened SET commits = commits + 1 RETURNING commits')
      .pluck();
    this.#totalChanges = db.prepare<[], number>('SELECT total_changes()').pluck();
    this.#count = lastCommitIn(db);
    this.#seenChanges = this.#totalChanges.get() ?? 0;
    this.#file = openSync(commitsPath(storePath), 'w', 0o600);
    this.#write();
  }

  /** Counts the running transaction if it changed a row; one without a change costs no fsync. */
  beforeCommit(): boolean {
    const changes = this.#totalChanges.get() ?? 0;
    if (changes === this.#seenChanges) return false;
    this.#next = this.#raise.get() ?? 0;
    // Including the change of this row.
    this.#seenChanges = changes + 1;
    return true;
  }

  /** Records beside the store that a counted transaction is durable. */
  afterCommit(): void {
    this.#count = this.#next;
    this.#write();
  }

  /** Ends counting; `isWhole`: the main file has everything, so that no proof is needed. */
  close(isWhole: boolean): void {
    closeSync(this.#file);
    if (isWhole) forgetCommits(this.#storePath);
  }

  #write(): void {
    try {
      writeSync(this.#file, `${String(this.#count).padStart(DIGITS, '0')}\n`, 0);
    } catch {
      // A number that is too low reports no missing commits; the commit itself is on disk.
    }
  }
}
