/**
 * The tables of the outbox.
 *
 * `outbox` has the facts, `outbox_deliveries` a row for each fact and receiver, `outbox_receivers` the receivers of
 * facts from now on. `outbox_keys` remembers the facts that must be heard only once; its rows are never dropped, since
 * a budget's window or a month's claim may come up again at any later time.
 */
import type { Migration } from '../store/operation.ts';

export const outboxMigrations: readonly Migration[] = [
  {
    id: '100-outbox',
    sqlite: `
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  dedupe_key TEXT,
  kind TEXT NOT NULL,
  fact TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_created ON outbox (created_at);

CREATE TABLE outbox_keys (
  key TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox_receivers (
  name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO outbox_receivers (name) VALUES ('log');

CREATE TABLE outbox_deliveries (
  outbox_id INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
  receiver TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered')),
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_at INTEGER NOT NULL,
  delivered_at INTEGER,
  PRIMARY KEY (outbox_id, receiver),
  CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_waiting ON outbox_deliveries (receiver, outbox_id) WHERE state = 'waiting';
`,
  },
];
