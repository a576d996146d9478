/**
 * The tables of kept results: one row for each file, what is asked for again, and one row while results are kept.
 *
 * `result_keeping` has a row only while `results.keep` is on: a transaction that ends a task looks there, so that its files are
 * rows in the same transaction, and no row is made while it is off. `planned_to` is how far earlier results were looked through
 * (an id of a hold; null: all of them).
 *
 * A file that waits has a time for its next try, and no other has one.
 */
import type { Migration } from '../store/operation.ts';

export const resultFileMigrations: readonly Migration[] = [
  {
    id: '220-results',
    sqlite: `
CREATE TABLE result_keeping (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  since INTEGER NOT NULL,
  planned_to TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE result_files (
  hold_id TEXT NOT NULL,
  position INTEGER NOT NULL CHECK (position >= 1),
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'saved', 'expired', 'removed')),
  expires_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_at INTEGER,
  reason TEXT,
  place TEXT CHECK (place IN ('folder', 's3')),
  bytes INTEGER CHECK (bytes >= 0),
  sha256 TEXT,
  content_type TEXT,
  saved_at INTEGER,
  PRIMARY KEY (hold_id, position),
  CHECK ((state = 'waiting') = (next_at IS NOT NULL)),
  CHECK ((saved_at IS NULL) = (place IS NULL) AND (saved_at IS NULL) = (bytes IS NULL)
    AND (saved_at IS NULL) = (sha256 IS NULL) AND (saved_at IS NULL) = (content_type IS NULL)),
  CHECK (state <> 'saved' AND state <> 'removed' OR saved_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX result_files_due ON result_files (next_at) WHERE state = 'waiting';
CREATE INDEX result_files_expiring ON result_files (expires_at) WHERE state = 'waiting';
CREATE INDEX result_files_saved ON result_files (saved_at, place, bytes) WHERE state = 'saved';

CREATE TABLE result_asks (
  hold_id TEXT PRIMARY KEY,
  why TEXT NOT NULL CHECK (why IN ('no_addresses', 'refused')),
  since INTEGER NOT NULL,
  asks INTEGER NOT NULL DEFAULT 0 CHECK (asks >= 0),
  next_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX result_asks_due ON result_asks (next_at);
`,
  },
];
