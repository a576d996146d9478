/**
 * The tables of alerts.
 *
 * `alerts` has a row for each occurrence, from the finding that began it to its end. `alert_keys` remembers each notice and
 * period that began, longer than the rows are kept. `alert_facts` remembers the facts of the outbox that were taken. An event
 * is a change of an alert (`alert_events`), a delivery is an event for one channel (`alert_deliveries`), a message is one text
 * that the channel sends for several deliveries (`alert_messages`).
 *
 * **Invariant**: at most one open alert has a fingerprint, and at most one message of a channel is open.
 */
import type { Migration } from '../store/operation.ts';

export const alertMigrations: readonly Migration[] = [
  {
    id: '150-alerts',
    sqlite: `
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  fingerprint TEXT NOT NULL,
  rule TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('condition', 'notice', 'period')),
  labels TEXT NOT NULL,
  period TEXT,
  severity TEXT NOT NULL CHECK (severity IN ('page', 'ticket', 'info')),
  found TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'over')),
  started_at INTEGER NOT NULL,
  found_at INTEGER NOT NULL,
  ended_at INTEGER,
  sent_at INTEGER,
  kept_back TEXT CHECK (kept_back IN ('silence', 'inhibited'))
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (fingerprint) WHERE state = 'open';
CREATE INDEX alerts_fingerprint ON alerts (fingerprint, id);
CREATE INDEX alerts_rule_ended ON alerts (rule, ended_at);

CREATE TABLE alert_keys (
  fingerprint TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_keys_at ON alert_keys (at);

CREATE TABLE alert_facts (
  fact_id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE alert_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
  status TEXT NOT NULL CHECK (status IN ('firing', 'repeat', 'resolved')),
  severity TEXT NOT NULL,
  found TEXT NOT NULL,
  ended_at INTEGER,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_events_alert ON alert_events (alert_id);

CREATE TABLE alert_messages (
  id TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'delivered', 'undelivered', 'dropped')),
  created_at INTEGER NOT NULL,
  more INTEGER NOT NULL CHECK (more >= 0),
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  last_error TEXT,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alert_messages_open ON alert_messages (channel) WHERE state = 'open';
CREATE INDEX alert_messages_ended ON alert_messages (ended_at);

CREATE TABLE alert_deliveries (
  event_id INTEGER NOT NULL REFERENCES alert_events (id) ON DELETE CASCADE,
  channel TEXT NOT NULL,
  alert_id INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('firing', 'repeat', 'resolved')),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'undelivered', 'folded', 'dropped')),
  message_id TEXT,
  place INTEGER,
  PRIMARY KEY (event_id, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_deliveries_waiting ON alert_deliveries (channel, event_id) WHERE state = 'waiting';
CREATE INDEX alert_deliveries_alert ON alert_deliveries (alert_id, channel);
CREATE INDEX alert_deliveries_message ON alert_deliveries (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE alert_references (
  alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
  channel TEXT NOT NULL,
  reference TEXT NOT NULL,
  PRIMARY KEY (alert_id, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_channels (
  name TEXT PRIMARY KEY,
  tried_at INTEGER,
  next_at INTEGER,
  delivered_at INTEGER,
  last_error TEXT,
  failed_at INTEGER,
  tested_at INTEGER,
  test_error TEXT,
  removed_at INTEGER,
  dropped INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_silences (
  rule TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  },
  {
    // From now on facts are kept for the alerts too; earlier facts were reported only by the log.
    id: '151-alerts-hear-facts',
    sqlite: `INSERT INTO outbox_receivers (name) VALUES ('alerts');`,
  },
];
