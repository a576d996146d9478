/**
 * The number of the last commit, kept twice: in the store by each batch's own transaction, and beside it in
 * `<store>.commits`, written after the commit.
 *
 * SQLite ends a damaged, cut or deleted write-ahead log in silence at its last good frame. The file beside it shows that
 * commits are missing. It is written without an fsync: a killed process leaves it exact; after a power cut it may be older
 * than the store and then proves nothing more than its own number.
 *
 * **Invariant**: the file never has a number whose commit was not durable before. It exists only from a start to a clean
 * end, which leaves everything in the main file.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { SidecarError } from '../../errors.ts';

/** As many digits as a safe integer has: every write replaces all of the one before. */
const DIGITS = 16;

/** Where the number of a store's last commit is kept. */
function commitsPath(storePath: string): string {
  return `${storePath}.commits`;
}

/** Reads the number beside a store; null where a clean end left none, or where what is there is no number. */
export function lastCommitBeside(storePath: string): number | null {
  try {
    const text = readFileSync(commitsPath(storePath), 'utf8');
    return /^\d{16}\n$/.test(text) ? Number(text) : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Removes the number beside a store: what is there now is what counts. */
export function forgetCommits(storePath: string): void {
  rmSync(commitsPath(storePath), { force: true });
}

/**
 * Checks that an open store has every commit that it is known to have made.
 * @throws SidecarError `store_corrupt` where some are missing.
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

/** @throws SidecarError `store_corrupt` where a store that is gone was in use until its process was killed. */
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

/** The number in the store; 0 where no version that counts has opened it. */
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
  /** The number that the transaction under way will have. */
  #next = 0;
  #seenChanges = 0;

  /** Begins to count; the table `store_opened` has its row. */
  constructor(db: Database.Database, storePath: string) {
    if (!db.prepare(`SELECT 1 FROM pragma_table_info('store_opened') WHERE name = 'commits'`).get())
      db.exec('ALTER TABLE store_opened ADD COLUMN commits INTEGER NOT NULL DEFAULT 0');
    this.#storePath = storePath;
    // Raised where it is: a process that lost its ownership may still write beside the next owner.
    this.#raise = db
      .prepare<[], number>('UPDATE store_opened SET commits = commits + 1 RETURNING commits')
      .pluck();
    this.#totalChanges = db.prepare<[], number>('SELECT total_changes()').pluck();
    this.#count = lastCommitIn(db);
    this.#seenChanges = this.#totalChanges.get() ?? 0;
    this.#file = openSync(commitsPath(storePath), 'w', 0o600);
    this.#write();
  }

  /** Counts the transaction under way where it changed a row; one that changed nothing costs no fsync. */
  beforeCommit(): boolean {
    const changes = this.#totalChanges.get() ?? 0;
    if (changes === this.#seenChanges) return false;
    this.#next = this.#raise.get() ?? 0;
    // With the change of this very row.
    this.#seenChanges = changes + 1;
    return true;
  }

  /** Notes beside the store that a counted transaction is durable. */
  afterCommit(): void {
    this.#count = this.#next;
    this.#write();
  }

  /** Ends counting; `isWhole`: the main file has everything, so that nothing need be proved. */
  close(isWhole: boolean): void {
    closeSync(this.#file);
    if (isWhole) forgetCommits(this.#storePath);
  }

  #write(): void {
    try {
      writeSync(this.#file, `${String(this.#count).padStart(DIGITS, '0')}\n`, 0);
    } catch {
      // A number that is too low accuses nobody; the commit itself is on disk.
    }
  }
}
