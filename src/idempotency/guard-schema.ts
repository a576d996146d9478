/** The tables of guards: a row for each key and caller's id, and the answer of their hold. */
import type { Migration } from '../store/operation.ts';

export const guardMigrations: readonly Migration[] = [
  {
    id: '004-idempotency',
    sqlite: `
CREATE TABLE guards (
  kind TEXT NOT NULL CHECK (kind IN ('key', 'task_id')),
  scope TEXT NOT NULL,
  value TEXT NOT NULL,
  hold_id TEXT NOT NULL,
  app TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (kind, scope, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX guards_hold ON guards (hold_id);

CREATE TABLE answers (
  hold_id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  status INTEGER,
  headers TEXT,
  body BLOB,
  CHECK ((status IS NULL) = (headers IS NULL) AND (status IS NULL) = (body IS NULL))
) STRICT;
CREATE INDEX answers_at ON answers (at);
`,
  },
  {
    // Version 0.1.0 kept temporary refusals (a token, a pack, a right, a rate) for 24 hours: their requests are free again.
    id: '080-passing-refusals',
    sqlite: `
DELETE FROM guards WHERE hold_id IN (SELECT hold_id FROM answers WHERE status IN (401, 403, 404, 429));
DELETE FROM answers WHERE status IN (401, 403, 404, 429);
`,
  },
  {
    // Answers of 0.1.0 were dated by the wall clock: ages go on from the newest of them.
    id: '082-answer-ages',
    sqlite: `
UPDATE spending SET aged_to = (
  SELECT MAX(at) FROM (SELECT MAX(at) AS at FROM answers UNION ALL SELECT MAX(doubt_age_from) FROM holds)
);
`,
  },
];
