/**
 * The tables of money. Amounts are integers in thousandths of a credit, instants integers in milliseconds.
 *
 * `holds`, `entries` and `budget_counters` are clustered by their text keys: a create appends to one tree of each.
 * `spending` is one row, read by every create: the freeze, and the version of the rules. `meta` keeps single values that
 * need no table of their own, each named after its writer.
 */
import type { Migration } from '../store/operation.ts';

export const budgetMigrations: readonly Migration[] = [
  {
    id: '001-budget',
    sqlite: `
CREATE TABLE spending (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  rules_version TEXT NOT NULL,
  frozen_since INTEGER,
  frozen_reason TEXT,
  frozen_actor TEXT,
  CHECK ((frozen_since IS NULL) = (frozen_reason IS NULL) AND (frozen_since IS NULL) = (frozen_actor IS NULL))
) STRICT;
INSERT INTO spending (id, rules_version) VALUES (1, 'none');

CREATE TABLE budgets (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  limit_credits INTEGER NOT NULL CHECK (limit_credits >= 0),
  window_kind TEXT NOT NULL CHECK (window_kind IN ('hour', 'day', 'week', 'month', 'total')),
  time_zone TEXT NOT NULL,
  alert_at TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('enforce', 'shadow')),
  match_app TEXT,
  match_operation TEXT,
  match_model TEXT,
  match_tag TEXT,
  per TEXT CHECK (per IN ('app', 'tag')),
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE budget_raises (
  id TEXT PRIMARY KEY,
  budget_id TEXT NOT NULL,
  by_credits INTEGER NOT NULL CHECK (by_credits > 0),
  from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL CHECK (until_at > from_at),
  reason TEXT NOT NULL,
  actor TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE budget_counters (
  id TEXT PRIMARY KEY,
  budget_id TEXT NOT NULL,
  window_key TEXT NOT NULL,
  per_value TEXT NOT NULL,
  settled INTEGER NOT NULL CHECK (settled >= 0),
  held INTEGER NOT NULL CHECK (held >= 0),
  told_ppm INTEGER NOT NULL DEFAULT 0,
  UNIQUE (budget_id, window_key, per_value)
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
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
  product TEXT NOT NULL CHECK (product IN ('video', 'image')),
  duration_seconds TEXT,
  credits INTEGER NOT NULL CHECK (credits >= 0),
  basis TEXT NOT NULL CHECK (basis IN ('exact', 'assumed', 'unknown')),
  weight INTEGER NOT NULL CHECK (weight >= 0),
  external_task_id TEXT,
  prompt_hash TEXT,
  prompt_preview TEXT,
  counters TEXT NOT NULL,
  guarded INTEGER NOT NULL CHECK (guarded IN (0, 1)),
  state TEXT NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'settled', 'released', 'written_off')),
  settled_credits INTEGER NOT NULL DEFAULT 0 CHECK (settled_credits >= 0),
  task_id TEXT,
  ended_at INTEGER,
  in_doubt INTEGER NOT NULL DEFAULT 0 CHECK (in_doubt = 0 OR (in_doubt = 1 AND state = 'held')),
  doubt_since INTEGER,
  doubt_evidence TEXT,
  look_ups INTEGER NOT NULL DEFAULT 0,
  next_look_up_at INTEGER,
  CHECK ((state = 'held') = (ended_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_at ON holds (at, id);
CREATE INDEX holds_open ON holds (id) WHERE state = 'held';
CREATE INDEX holds_in_doubt ON holds (next_look_up_at) WHERE in_doubt = 1;

CREATE TABLE entries (
  hold_id TEXT NOT NULL,
  seq INTEGER NOT NULL CHECK (seq >= 1),
  at INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('hold', 'settle', 'release', 'write_off', 'adjust')),
  credits INTEGER NOT NULL CHECK (credits >= 0 OR kind = 'adjust'),
  basis TEXT NOT NULL CHECK (basis IN ('reported', 'estimate', 'none')),
  note TEXT,
  PRIMARY KEY (hold_id, seq),
  CHECK ((kind = 'hold') = (seq = 1)),
  CHECK (kind <> 'release' OR credits = 0)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entries_one_end ON entries (hold_id) WHERE kind IN ('settle', 'release', 'write_off');

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  before TEXT,
  after TEXT,
  reason TEXT NOT NULL
) STRICT;
`,
  },
  {
    // Earlier reports are not repeated: the outbox has their keys.
    id: '101-noted-thresholds',
    sqlite: `
ALTER TABLE budget_counters RENAME COLUMN told_ppm TO noted_ppm;
INSERT INTO outbox_keys (key, at)
SELECT 'budget_threshold:' || id || ':' || noted_ppm, 0 FROM budget_counters WHERE noted_ppm > 0;
`,
  },
  {
    // The progress of counting a new budget's window (backfill.ts): a row for each budget that is pending.
    id: '103-budget-countings',
    sqlite: `
CREATE TABLE budget_countings (
  budget_id TEXT PRIMARY KEY,
  window_key TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  resets_at INTEGER,
  after_at INTEGER NOT NULL,
  after_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`,
  },
  {
    // `dated_to`: no hold is dated earlier. `aged_to`: the last reading of the clock of ages (ledger/age-clock.ts).
    // `doubt_age_from` and `next_look_up_at` are readings of that clock; in 0.1.0 they were the wall clock's.
    id: '081-clocks',
    sqlite: `
ALTER TABLE spending ADD COLUMN dated_to INTEGER;
ALTER TABLE spending ADD COLUMN aged_to INTEGER;
ALTER TABLE holds ADD COLUMN doubt_age_from INTEGER;
UPDATE holds SET doubt_age_from = doubt_since WHERE in_doubt = 1;
UPDATE spending SET dated_to = (SELECT MAX(at) FROM holds);
`,
  },
  {
    // The upstream of each create, by host and account (hold-upstream.ts); in `spending` the upstream in use. The view has
    // for each hold whether both are equal (`is_in_use`), or at least the hosts (`is_at_host`).
    id: '083-hold-upstream',
    sqlite: `
ALTER TABLE holds ADD COLUMN upstream_host TEXT;
ALTER TABLE holds ADD COLUMN upstream_account TEXT;
ALTER TABLE spending ADD COLUMN upstream_host TEXT;
ALTER TABLE spending ADD COLUMN upstream_account TEXT;
CREATE VIEW hold_places AS
SELECT h.id AS hold_id,
  CASE WHEN s.upstream_host IS NULL OR
    (COALESCE(h.upstream_host, '') = s.upstream_host AND COALESCE(h.upstream_account, '') = s.upstream_account)
  THEN 1 ELSE 0 END AS is_in_use,
  CASE WHEN s.upstream_host IS NULL OR COALESCE(h.upstream_host, s.upstream_host) = s.upstream_host
  THEN 1 ELSE 0 END AS is_at_host
FROM holds h CROSS JOIN spending s;
`,
  },
  {
    // Ids sort by time: a writer does not need another writer's last number.
    id: '202-audit-ids',
    sqlite: `
CREATE TABLE audit_by_id (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  before TEXT,
  after TEXT,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO audit_by_id (id, at, actor, action, subject, before, after, reason)
SELECT id, at, actor, action, subject, before, after, reason FROM audit ORDER BY id;
DROP TABLE audit;
ALTER TABLE audit_by_id RENAME TO audit;
`,
  },
];
