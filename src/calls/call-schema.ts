/**
 * The journal's tables. `calls` is clustered by time: it is appended to, read and dropped by time.
 * Durations may have fractions of a millisecond; instants are integers.
 */
import type { Migration } from '../store/operation.ts';

export const callMigrations: readonly Migration[] = [
  {
    id: '002-calls',
    sqlite: `
CREATE TABLE calls (
  at INTEGER NOT NULL,
  id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  app TEXT NOT NULL,
  tag TEXT,
  method TEXT NOT NULL,
  route TEXT NOT NULL,
  host TEXT NOT NULL,
  status INTEGER,
  code INTEGER,
  kling_request_id TEXT,
  task_id TEXT,
  hold_id TEXT,
  attempt INTEGER NOT NULL CHECK (attempt >= 1),
  outcome TEXT NOT NULL CHECK (outcome IN
    ('ok', 'client_error', 'throttled', 'server_error', 'unreachable', 'no_answer', 'aborted')),
  error_class TEXT,
  duration_ms REAL NOT NULL,
  overhead_ms REAL NOT NULL,
  bytes_sent INTEGER NOT NULL,
  bytes_received INTEGER NOT NULL,
  clock_offset_ms REAL,
  origin TEXT NOT NULL CHECK (origin IN ('app', 'sidecar')),
  evidence TEXT,
  PRIMARY KEY (at, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE refusals (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  app TEXT NOT NULL,
  tag TEXT,
  method TEXT NOT NULL,
  route TEXT NOT NULL,
  status INTEGER NOT NULL,
  word TEXT NOT NULL,
  message TEXT NOT NULL,
  credits INTEGER,
  would_only INTEGER NOT NULL CHECK (would_only IN (0, 1))
) STRICT;
`,
  },
  {
    // What 0.1.0 knew of where an open hold's create went: the host of its journal.
    id: '084-hold-hosts',
    sqlite: `
UPDATE holds SET upstream_host = sent.host FROM (
  SELECT hold_id, MAX(host) AS host FROM calls
  WHERE hold_id IN (SELECT id FROM holds WHERE state = 'held') GROUP BY hold_id
) AS sent WHERE holds.id = sent.hold_id;
`,
  },
  {
    // What an older version counted is what its list of refusals still has.
    id: '130-would-have',
    sqlite: `
ALTER TABLE refusals ADD COLUMN budget TEXT;

CREATE TABLE would_have (
  word TEXT NOT NULL,
  budget TEXT NOT NULL,
  app TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 1),
  credits INTEGER NOT NULL CHECK (credits >= 0),
  PRIMARY KEY (word, budget, app)
) STRICT, WITHOUT ROWID;
INSERT INTO would_have (word, budget, app, count, credits)
SELECT word, '', app, COUNT(*), SUM(COALESCE(credits, 0)) FROM refusals WHERE would_only = 1 GROUP BY word, app;
INSERT INTO meta (key, value)
SELECT 'calls.observing_since', CAST(MIN(at) AS TEXT) FROM refusals WHERE would_only = 1 HAVING COUNT(*) > 0;
`,
  },
  {
    // Few rows, asked for each minute (ledger/account-refusals.ts).
    id: '171-account-refusals',
    sqlite: `
CREATE INDEX calls_account_refusals ON calls (at) WHERE code IN (1100, 1101, 1102, 1103, 1304);
`,
  },
  {
    // Ids sort by time: no writer has to know another one's last number.
    id: '201-refusal-ids',
    sqlite: `
CREATE TABLE refusals_by_id (
  id TEXT PRIMARY KEY,
  request_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  app TEXT NOT NULL,
  tag TEXT,
  method TEXT NOT NULL,
  route TEXT NOT NULL,
  status INTEGER NOT NULL,
  word TEXT NOT NULL,
  message TEXT NOT NULL,
  credits INTEGER,
  budget TEXT,
  would_only INTEGER NOT NULL CHECK (would_only IN (0, 1))
) STRICT, WITHOUT ROWID;
INSERT INTO refusals_by_id (id, request_id, at, app, tag, method, route, status, word, message, credits, budget, would_only)
SELECT id, request_id, at, app, tag, method, route, status, word, message, credits, budget, would_only FROM refusals ORDER BY id;
DROP TABLE refusals;
ALTER TABLE refusals_by_id RENAME TO refusals;

CREATE TABLE refusal_count (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  refusals INTEGER NOT NULL CHECK (refusals >= 0)
) STRICT;
INSERT INTO refusal_count (one, refusals) SELECT 1, COUNT(*) FROM refusals;
`,
  },
];
