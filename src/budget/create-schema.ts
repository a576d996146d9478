/**
 * A create is one row of `creates` from its hold to its end: the request, its price, its counters, the guard of repeats, its
 * upstream, its instance, Kling's answer, its task, its settlement. The row is inserted with the hold, and updated when the
 * create is closed, when its task ends, and when a doubt begins or ends.
 *
 * Side tables hold the data that most creates never have: `adjustments` (amounts that Kling reported later), `task_states`
 * (states after the first), `task_results`, `answers` (kept for repeats), and `journal` (attempts that are not in the row: reads,
 * sends before the last one, imported calls). Three views show rows as lists: `entries` (each change of money), `task_events`
 * (each state of a task), `calls` (each attempt at Kling).
 *
 * `owner` and `generation` name the instance that made the row, and the number of its start (`instances`). Rows of version 0.1.0
 * have neither. `closed_at` is the instant at which the outcome of the send was recorded.
 *
 * A check is written with OR, not with IN: for a list of three or more SQLite makes a table each time that it looks at a row.
 *
 * **Invariant**: a create ends once. The row's checks and the trigger refuse a second end, an end without amount and basis,
 * a release with a cost, and credits below 0.
 */
import type { Migration } from '../store/operation.ts';

const CREATE_TABLES = `
CREATE TABLE creates (
  id TEXT PRIMARY KEY,
  request_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  app TEXT NOT NULL,
  tag TEXT,
  path TEXT NOT NULL,
  route TEXT NOT NULL,
  operation TEXT NOT NULL,
  model TEXT,
  mode TEXT,
  product TEXT NOT NULL CHECK (product = 'video' OR product = 'image'),
  duration_seconds TEXT,
  credits INTEGER NOT NULL CHECK (credits >= 0),
  basis TEXT NOT NULL CHECK (basis = 'exact' OR basis = 'assumed' OR basis = 'unknown'),
  weight INTEGER NOT NULL CHECK (weight >= 0),
  external_task_id TEXT,
  prompt_hash TEXT,
  prompt_preview TEXT,
  counters TEXT NOT NULL,
  upstream_host TEXT,
  upstream_account TEXT,
  owner TEXT,
  generation INTEGER,
  guard_key TEXT,
  guard_task_id TEXT,
  fingerprint TEXT,
  state TEXT NOT NULL DEFAULT 'held'
    CHECK (state = 'held' OR state = 'settled' OR state = 'released' OR state = 'written_off'),
  settled_credits INTEGER NOT NULL DEFAULT 0 CHECK (settled_credits >= 0),
  ended_at INTEGER,
  end_credits INTEGER CHECK (end_credits >= 0),
  end_basis TEXT CHECK (end_basis = 'reported' OR end_basis = 'estimate' OR end_basis = 'none'),
  end_note TEXT,
  in_doubt INTEGER NOT NULL DEFAULT 0 CHECK (in_doubt = 0 OR (in_doubt = 1 AND state = 'held')),
  doubt_since INTEGER,
  doubt_age_from INTEGER,
  doubt_evidence TEXT,
  look_ups INTEGER NOT NULL DEFAULT 0,
  next_look_up_at INTEGER,
  closed_at INTEGER,
  sent_at INTEGER,
  call_id TEXT,
  attempt INTEGER CHECK (attempt >= 1),
  status INTEGER,
  code INTEGER,
  kling_request_id TEXT,
  outcome TEXT CHECK (outcome = 'ok' OR outcome = 'client_error' OR outcome = 'throttled' OR outcome = 'server_error'
    OR outcome = 'unreachable' OR outcome = 'no_answer' OR outcome = 'aborted'),
  error_class TEXT,
  duration_ms REAL,
  overhead_ms REAL,
  bytes_sent INTEGER,
  bytes_received INTEGER,
  clock_offset_ms REAL,
  evidence TEXT,
  task_id TEXT,
  task_state TEXT CHECK (task_state = 'submitted' OR task_state = 'processing' OR task_state = 'succeeded'
    OR task_state = 'failed'),
  task_message TEXT,
  task_source TEXT CHECK (task_source = 'create' OR task_source = 'look_up' OR task_source = 'poll'
    OR task_source = 'app_read'),
  task_first_state TEXT,
  task_created_at INTEGER,
  task_seen_at INTEGER,
  task_updated_at INTEGER,
  vendor_updated_at INTEGER,
  CHECK (
    state = 'held' AND ended_at IS NULL AND end_credits IS NULL AND end_basis IS NULL AND settled_credits = 0
    OR state <> 'held' AND ended_at IS NOT NULL AND end_credits IS NOT NULL AND end_basis IS NOT NULL
      AND (state <> 'released' OR end_credits = 0)
  ),
  CHECK ((owner IS NULL) = (generation IS NULL)),
  CHECK ((fingerprint IS NULL) = (guard_key IS NULL AND guard_task_id IS NULL)),
  CHECK ((outcome IS NULL) = (sent_at IS NULL) AND (outcome IS NULL) = (call_id IS NULL)),
  CHECK ((task_id IS NULL) = (task_state IS NULL) AND (task_id IS NULL) = (task_source IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE adjustments (
  hold_id TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  credits INTEGER NOT NULL,
  basis TEXT NOT NULL CHECK (basis IN ('reported', 'estimate', 'none')),
  note TEXT,
  PRIMARY KEY (hold_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_results (
  hold_id TEXT PRIMARY KEY,
  results TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
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
  outcome TEXT NOT NULL CHECK (outcome = 'ok' OR outcome = 'client_error' OR outcome = 'throttled'
    OR outcome = 'server_error' OR outcome = 'unreachable' OR outcome = 'no_answer' OR outcome = 'aborted'),
  error_class TEXT,
  duration_ms REAL NOT NULL,
  overhead_ms REAL NOT NULL,
  bytes_sent INTEGER NOT NULL,
  bytes_received INTEGER NOT NULL,
  clock_offset_ms REAL,
  origin TEXT NOT NULL CHECK (origin = 'app' OR origin = 'sidecar'),
  evidence TEXT,
  PRIMARY KEY (at, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE instances (
  id TEXT PRIMARY KEY,
  generation INTEGER NOT NULL CHECK (generation >= 1),
  started_at INTEGER NOT NULL,
  lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** The first state of each task; if it has a message, it is also a row of its own. */
const FILL_FIRST_STATES = `
CREATE TABLE first_states (
  task_id TEXT PRIMARY KEY, state TEXT NOT NULL, at INTEGER NOT NULL, source TEXT NOT NULL, message TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO first_states
SELECT task_id, state, at, source, message FROM (
  SELECT task_id, state, at, source, message,
    ROW_NUMBER() OVER (PARTITION BY task_id ORDER BY
      CASE state WHEN 'submitted' THEN 0 WHEN 'processing' THEN 1 ELSE 2 END, at) AS place
  FROM task_events
) AS ranked WHERE place = 1;
`;

/** The last attempt of each create, if all its values fit into the row. */
const FILL_LAST_CALLS = `
CREATE TABLE last_calls (hold_id TEXT PRIMARY KEY, at INTEGER NOT NULL, id TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO last_calls
SELECT hold_id, at, id FROM (
  SELECT c.hold_id, c.at, c.id,
    ROW_NUMBER() OVER (PARTITION BY c.hold_id ORDER BY c.attempt DESC, c.at DESC, c.id DESC) AS place,
    c.request_id = h.request_id AND c.app = h.app AND c.tag IS h.tag AND c.method = 'POST' AND c.route = h.route
      AND c.host IS h.upstream_host AND c.origin = 'app'
      AND c.task_id IS (SELECT f.task_id FROM first_states f WHERE f.task_id = h.task_id AND f.source = 'create') AS fits
  FROM calls c JOIN holds h ON h.id = c.hold_id
) AS ranked WHERE place = 1 AND fits = 1;
`;

const FILL_CREATES = `
INSERT INTO creates (id, request_id, at, app, tag, path, route, operation, model, mode, product, duration_seconds, credits,
  basis, weight, external_task_id, prompt_hash, prompt_preview, counters, upstream_host, upstream_account,
  guard_key, guard_task_id, fingerprint, state, settled_credits, ended_at, end_credits, end_basis, end_note,
  in_doubt, doubt_since, doubt_age_from, doubt_evidence, look_ups, next_look_up_at,
  sent_at, call_id, attempt, status, code, kling_request_id, outcome, error_class, duration_ms, overhead_ms,
  bytes_sent, bytes_received, clock_offset_ms, evidence,
  task_id, task_state, task_message, task_source, task_first_state, task_created_at, task_seen_at, task_updated_at,
  vendor_updated_at)
SELECT h.id, h.request_id, h.at, h.app, h.tag, h.path, h.route, h.operation, h.model, h.mode, h.product, h.duration_seconds,
  h.credits, h.basis, h.weight, h.external_task_id, h.prompt_hash, h.prompt_preview, h.counters, h.upstream_host,
  h.upstream_account, k.value, i.value, COALESCE(k.fingerprint, i.fingerprint),
  h.state, h.settled_credits, h.ended_at, e.credits, e.basis, e.note,
  h.in_doubt, h.doubt_since, h.doubt_age_from, h.doubt_evidence, h.look_ups, h.next_look_up_at,
  c.at, c.id, c.attempt, c.status, c.code, c.kling_request_id, c.outcome, c.error_class, c.duration_ms, c.overhead_ms,
  c.bytes_sent, c.bytes_received, c.clock_offset_ms, c.evidence,
  t.id, t.state, t.status_message, CASE WHEN t.id IS NOT NULL THEN COALESCE(f.source, 'create') END,
  CASE WHEN f.message IS NULL THEN f.state END, t.created_at, COALESCE(f.at, t.created_at), t.updated_at, t.vendor_updated_at
FROM holds h
LEFT JOIN entries e ON e.hold_id = h.id AND e.kind IN ('settle', 'release', 'write_off')
LEFT JOIN guards k ON k.hold_id = h.id AND k.kind = 'key'
LEFT JOIN guards i ON i.hold_id = h.id AND i.kind = 'task_id'
LEFT JOIN last_calls l ON l.hold_id = h.id
LEFT JOIN calls c ON c.at = l.at AND c.id = l.id
LEFT JOIN tasks t ON t.hold_id = h.id AND t.id = h.task_id
LEFT JOIN first_states f ON f.task_id = t.id
ORDER BY h.id;
`;

/** The text of the condition in `ledger/account-refusals.ts`. */
const IS_ACCOUNT_REFUSAL = 'code = 1100 OR code = 1101 OR code = 1102 OR code = 1103 OR code = 1304';

const INDEXES = `
CREATE INDEX creates_at ON creates (at, id);
CREATE UNIQUE INDEX creates_task ON creates (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX creates_open ON creates (id) WHERE state = 'held' OR task_state IN ('submitted', 'processing');
CREATE INDEX creates_in_doubt ON creates (next_look_up_at) WHERE in_doubt = 1;
CREATE UNIQUE INDEX creates_guard_key ON creates (app, guard_key) WHERE guard_key IS NOT NULL;
CREATE UNIQUE INDEX creates_guard_task ON creates (guard_task_id) WHERE guard_task_id IS NOT NULL;
CREATE INDEX creates_sent ON creates (sent_at, call_id) WHERE outcome IS NOT NULL;
CREATE INDEX creates_account_refusals ON creates (sent_at) WHERE ${IS_ACCOUNT_REFUSAL};
CREATE INDEX journal_account_refusals ON journal (at) WHERE ${IS_ACCOUNT_REFUSAL};
`;

/**
 * Moves the other rows to the side tables, and drops the old tables. The last calls are looked up by their hold: for
 * `(at, id) NOT IN (…)` SQLite reads all of them for each call, which takes hours for a million.
 */
const MOVE = `
INSERT INTO adjustments (hold_id, id, at, credits, basis, note)
SELECT hold_id, 'entry_' || printf('%010d', seq), at, credits, basis, note FROM entries WHERE kind = 'adjust';
INSERT INTO task_results (hold_id, results) SELECT hold_id, results FROM tasks WHERE results IS NOT NULL;
INSERT INTO journal SELECT c.* FROM calls c WHERE NOT EXISTS (
  SELECT 1 FROM last_calls l WHERE l.hold_id = c.hold_id AND l.at = c.at AND l.id = c.id);
DELETE FROM task_events WHERE (task_id, state) IN (
  SELECT f.task_id, f.state FROM first_states f JOIN creates c ON c.task_id = f.task_id WHERE f.message IS NULL);
DROP VIEW hold_places;
DROP TABLE calls;
DROP TABLE last_calls;
DROP TABLE first_states;
DROP TABLE tasks;
DROP TABLE entries;
DROP TABLE guards;
DROP TABLE holds;
ALTER TABLE task_events RENAME TO task_states;
`;

const END_ONCE = `
CREATE TRIGGER creates_end_once BEFORE UPDATE OF state, ended_at, end_credits, end_basis ON creates WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a create ends once'); END;
`;

/**
 * A column of a view has the same type in all parts, so that SQLite can read each part by its own index.
 *
 * `hold_places` has for each create whether its upstream is in use (`is_in_use`), or at least its host
 * (`is_at_host`).
 */
const VIEWS = `
CREATE VIEW entries AS
SELECT id AS hold_id, 1 AS seq, at, CAST('hold' AS TEXT) AS kind, credits, CAST('estimate' AS TEXT) AS basis,
  CAST(NULL AS TEXT) AS note FROM creates
UNION ALL
SELECT id, 2, ended_at,
  CAST(CASE state WHEN 'settled' THEN 'settle' WHEN 'released' THEN 'release' ELSE 'write_off' END AS TEXT),
  end_credits, end_basis, end_note FROM creates WHERE ended_at IS NOT NULL
UNION ALL
SELECT hold_id, 3, at, CAST('adjust' AS TEXT), credits, basis, note FROM adjustments;

CREATE VIEW task_events AS
SELECT task_id, task_first_state AS state, task_seen_at AS at, task_source AS source, CAST(NULL AS TEXT) AS message
FROM creates WHERE task_first_state IS NOT NULL
UNION ALL
SELECT task_id, state, at, source, message FROM task_states;

CREATE VIEW calls AS
SELECT at, id, request_id, app, tag, method, route, host, status, code, kling_request_id, task_id, hold_id, attempt, outcome,
  error_class, duration_ms, overhead_ms, bytes_sent, bytes_received, clock_offset_ms, origin, evidence FROM journal
UNION ALL
SELECT sent_at, call_id, request_id, app, tag, CAST('POST' AS TEXT), route, upstream_host, status, code, kling_request_id,
  CAST(CASE WHEN task_source = 'create' THEN task_id END AS TEXT), id, attempt, outcome,
  error_class, duration_ms, overhead_ms, bytes_sent, bytes_received, clock_offset_ms, CAST('app' AS TEXT), evidence
FROM creates WHERE outcome IS NOT NULL;

CREATE VIEW hold_places AS
SELECT c.id AS hold_id,
  CASE WHEN s.upstream_host IS NULL OR
    (COALESCE(c.upstream_host, '') = s.upstream_host AND COALESCE(c.upstream_account, '') = s.upstream_account)
  THEN 1 ELSE 0 END AS is_in_use,
  CASE WHEN s.upstream_host IS NULL OR COALESCE(c.upstream_host, s.upstream_host) = s.upstream_host
  THEN 1 ELSE 0 END AS is_at_host
FROM creates c CROSS JOIN spending s;
`;

export const createMigrations: readonly Migration[] = [
  {
    id: '200-creates',
    sqlite: [
      CREATE_TABLES,
      FILL_FIRST_STATES,
      FILL_LAST_CALLS,
      FILL_CREATES,
      INDEXES,
      MOVE,
      END_ONCE,
      VIEWS,
    ].join(''),
  },
];
