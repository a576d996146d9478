/**
 * The tables of callbacks: what Kling (or somebody who knows an address) sent for a create, and where a create's own callbacks go.
 *
 * `callbacks` has one row for each different body of a create; repeats are counted in it. `body` is kept only where it may be
 * relayed. `callback_relays` has the caller's own address of creates that are relayed, and how far the relay is: `sent_rank` is the
 * highest state for which a message was made (0 submitted, 1 processing, 2 ended; -1 none), `made` means the last one was, `gone` that
 * nothing more is sent. `callback_deliveries` are the messages.
 *
 * **Invariant**: none of these rows says anything about money or the state of a task.
 */
import type { Migration } from '../store/operation.ts';

export const callbackMigrations: readonly Migration[] = [
  {
    id: '230-callbacks',
    sqlite: `
CREATE TABLE callback_keys (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  key TEXT NOT NULL,
  made_at INTEGER NOT NULL
) STRICT;

CREATE TABLE callbacks (
  hold_id TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  times INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('submitted', 'processing', 'succeeded', 'failed', 'unknown')),
  webhook_id TEXT,
  is_signed INTEGER NOT NULL CHECK (is_signed = 0 OR is_signed = 1),
  body TEXT,
  PRIMARY KEY (hold_id, body_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE callback_relays (
  hold_id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'made', 'gone')),
  sent_rank INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX callback_relays_open ON callback_relays (hold_id) WHERE state = 'open';

CREATE TABLE callback_deliveries (
  hold_id TEXT NOT NULL,
  rank INTEGER NOT NULL,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('callback', 'query')),
  made_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'undelivered')),
  ended_at INTEGER,
  error TEXT,
  PRIMARY KEY (hold_id, rank)
) STRICT, WITHOUT ROWID;
CREATE INDEX callback_deliveries_due ON callback_deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX callback_deliveries_given_up ON callback_deliveries (ended_at) WHERE state = 'undelivered';
`,
  },
];
