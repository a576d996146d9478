/**
 * The tables of availability. Instants are integers in milliseconds; spans are `from_at` inclusive, `to_at` exclusive.
 *
 * `sla_windows` holds counts, a column for each class; rows of several writers sum up to a slice. `sla_unreachable` lists the attempts that never arrived, whose
 * blame may still change, with the kind of check that can prove it (`proof`). Both are computed from the journal, the
 * control checks and the operators' entries. `sla_imported` keeps the identities of imported calls, so that a second
 * import recognises a file after the journal has dropped its rows; `sla_self` is the name under which this store exports.
 */
import type { Migration } from '../store/operation.ts';

export const slaMigrations: readonly Migration[] = [
  {
    id: '050-sla',
    sqlite: `
CREATE TABLE sla_windows (
  window_start INTEGER NOT NULL CHECK (window_start % 300000 = 0),
  host TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('app', 'sidecar', 'probe')),
  retry INTEGER NOT NULL CHECK (retry IN (0, 1)),
  excluded INTEGER NOT NULL CHECK (excluded IN (0, 1)),
  ok INTEGER NOT NULL CHECK (ok >= 0),
  client_error INTEGER NOT NULL CHECK (client_error >= 0),
  throttled INTEGER NOT NULL CHECK (throttled >= 0),
  server_error INTEGER NOT NULL CHECK (server_error >= 0),
  maintenance INTEGER NOT NULL CHECK (maintenance >= 0),
  unreachable_upstream INTEGER NOT NULL CHECK (unreachable_upstream >= 0),
  unreachable_local INTEGER NOT NULL CHECK (unreachable_local >= 0),
  unreachable_unknown INTEGER NOT NULL CHECK (unreachable_unknown >= 0),
  no_answer INTEGER NOT NULL CHECK (no_answer >= 0),
  aborted INTEGER NOT NULL CHECK (aborted >= 0),
  PRIMARY KEY (window_start, host, origin, retry, excluded)
) STRICT, WITHOUT ROWID;

CREATE TABLE sla_unreachable (
  call_id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  host TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('app', 'sidecar', 'probe')),
  retry INTEGER NOT NULL CHECK (retry IN (0, 1)),
  blame TEXT NOT NULL CHECK (blame IN ('upstream', 'local', 'unknown')),
  basis TEXT NOT NULL CHECK (basis IN ('none', 'check', 'recorder', 'operator'))
) STRICT, WITHOUT ROWID;
CREATE INDEX sla_unreachable_at ON sla_unreachable (at);
CREATE INDEX sla_unreachable_open ON sla_unreachable (ended_at) WHERE basis = 'none';

CREATE TABLE sla_control_checks (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  reached INTEGER NOT NULL CHECK (reached IN (0, 1)),
  detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sla_control_checks_at ON sla_control_checks (at);

CREATE TABLE sla_exclusions (
  id TEXT PRIMARY KEY,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL CHECK (to_at > from_at),
  clause TEXT NOT NULL,
  source TEXT NOT NULL,
  actor TEXT NOT NULL,
  at INTEGER NOT NULL,
  withdrawn_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sla_exclusions_to ON sla_exclusions (to_at) WHERE withdrawn_at IS NULL;

CREATE TABLE sla_corrections (
  id TEXT PRIMARY KEY,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL CHECK (to_at > from_at),
  blame TEXT NOT NULL CHECK (blame IN ('upstream', 'local')),
  source TEXT NOT NULL,
  actor TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sla_corrections_to ON sla_corrections (to_at);

CREATE TABLE sla_runs (
  id TEXT PRIMARY KEY,
  started_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL CHECK (last_at >= started_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX sla_runs_last ON sla_runs (last_at);

CREATE TABLE sla_imported (
  day INTEGER NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (day, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE sla_self (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  source TEXT NOT NULL
) STRICT;
INSERT INTO sla_self (id, source) VALUES (1, 'sidecar-' || lower(hex(randomblob(8))));

CREATE TABLE sla_months (
  month TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 1),
  closed_at INTEGER NOT NULL,
  digest TEXT NOT NULL,
  summary TEXT NOT NULL,
  PRIMARY KEY (month, revision)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    // Older attempts keep their blame; none of them waits for a check any more.
    id: '070-blame-proof',
    sqlite: `
ALTER TABLE sla_unreachable ADD COLUMN proof TEXT NOT NULL DEFAULT 'none'
  CHECK (proof IN ('address', 'name', 'none'));
ALTER TABLE sla_control_checks ADD COLUMN resolved INTEGER CHECK (resolved IN (0, 1));
`,
  },
  {
    // The rows of before were all counted by the one sidecar of their store.
    id: '203-window-writers',
    sqlite: `
CREATE TABLE windows_by_writer (
  window_start INTEGER NOT NULL CHECK (window_start % 300000 = 0),
  host TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin = 'app' OR origin = 'sidecar' OR origin = 'probe'),
  retry INTEGER NOT NULL CHECK (retry IN (0, 1)),
  excluded INTEGER NOT NULL CHECK (excluded IN (0, 1)),
  writer TEXT NOT NULL,
  ok INTEGER NOT NULL CHECK (ok >= 0),
  client_error INTEGER NOT NULL CHECK (client_error >= 0),
  throttled INTEGER NOT NULL CHECK (throttled >= 0),
  server_error INTEGER NOT NULL CHECK (server_error >= 0),
  maintenance INTEGER NOT NULL CHECK (maintenance >= 0),
  unreachable_upstream INTEGER NOT NULL CHECK (unreachable_upstream >= 0),
  unreachable_local INTEGER NOT NULL CHECK (unreachable_local >= 0),
  unreachable_unknown INTEGER NOT NULL CHECK (unreachable_unknown >= 0),
  no_answer INTEGER NOT NULL CHECK (no_answer >= 0),
  aborted INTEGER NOT NULL CHECK (aborted >= 0),
  PRIMARY KEY (window_start, host, origin, retry, excluded, writer)
) STRICT, WITHOUT ROWID;
INSERT INTO windows_by_writer (window_start, host, origin, retry, excluded, writer, ok, client_error, throttled, server_error,
  maintenance, unreachable_upstream, unreachable_local, unreachable_unknown, no_answer, aborted)
SELECT window_start, host, origin, retry, excluded, (SELECT source FROM sla_self WHERE id = 1), ok, client_error, throttled,
  server_error, maintenance, unreachable_upstream, unreachable_local, unreachable_unknown, no_answer, aborted
FROM sla_windows ORDER BY window_start, host, origin, retry, excluded;
DROP TABLE sla_windows;
ALTER TABLE windows_by_writer RENAME TO sla_windows;
`,
  },
];
