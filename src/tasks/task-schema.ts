/**
 * The tables of tasks: one row each, and one event for each state that a task was seen in. `next_poll_at` is when it was first
 * to be asked for: open tasks are listed by it, and when they are due next is known in memory alone (asking/due-tasks.ts).
 */
import type { Migration } from '../store/operation.ts';

export const taskMigrations: readonly Migration[] = [
  {
    id: '003-tasks',
    sqlite: `
CREATE TABLE tasks (
  id TEXT PRIMARY KEY,
  hold_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('submitted', 'processing', 'succeeded', 'failed')),
  status_message TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  vendor_updated_at INTEGER,
  next_poll_at INTEGER NOT NULL,
  results TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_open ON tasks (next_poll_at) WHERE state IN ('submitted', 'processing');

CREATE TABLE task_events (
  task_id TEXT NOT NULL,
  state TEXT NOT NULL,
  at INTEGER NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('create', 'poll', 'app_read', 'look_up')),
  message TEXT,
  PRIMARY KEY (task_id, state)
) STRICT, WITHOUT ROWID;
`,
  },
];
