/**
 * The tables of task retries: a chain for each create whose task is tried again if it fails, the body that is sent again, and a
 * link for each create that was made so.
 *
 * A chain is named by its first hold. `hold_id` is its last create, and `number` that create's place: 0 for the first. It is `open`
 * while that create may still succeed, `waiting` until the next create at `due_at`, and `ended`. A chain that ends before anything
 * was tried again leaves no row. A body is deleted when its chain ends.
 */
import type { Migration } from '../store/operation.ts';

export const retryMigrations: readonly Migration[] = [
  {
    id: '260-task-retries',
    sqlite: `
CREATE TABLE task_retry_chains (
  first_hold_id TEXT PRIMARY KEY,
  hold_id TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 0),
  state TEXT NOT NULL CHECK (state = 'open' OR state = 'waiting' OR state = 'ended'),
  expected_seconds REAL,
  reason TEXT,
  tries INTEGER NOT NULL DEFAULT 0,
  note TEXT,
  waiting_since INTEGER,
  due_at INTEGER,
  ended_at INTEGER,
  CHECK ((state = 'waiting') = (due_at IS NOT NULL)),
  CHECK ((state = 'ended') = (ended_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX task_retry_chains_hold ON task_retry_chains (hold_id) WHERE state = 'open';
CREATE INDEX task_retry_chains_open ON task_retry_chains (first_hold_id) WHERE state = 'open';
CREATE INDEX task_retry_chains_due ON task_retry_chains (due_at, first_hold_id) WHERE state = 'waiting';

CREATE TABLE task_retry_bodies (
  first_hold_id TEXT PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;

CREATE TABLE task_retries (
  hold_id TEXT PRIMARY KEY,
  first_hold_id TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX task_retries_first ON task_retries (first_hold_id, hold_id);
`,
  },
];
