/** What a create needs so that its caller's retry can join it: two columns of its row, and the retries that did. */
import type { Migration } from '../store/operation.ts';

export const joinMigrations: readonly Migration[] = [
  {
    // `joinable_from` is a reading of the clock of ages (ledger/age-clock.ts). Few rows have one, and for a short time.
    id: '204-joins',
    sqlite: `
ALTER TABLE creates ADD COLUMN join_hash TEXT;
ALTER TABLE creates ADD COLUMN joinable_from INTEGER;
CREATE INDEX creates_joinable ON creates (app, join_hash, joinable_from) WHERE joinable_from IS NOT NULL;

-- The last generation of an instance that ended by a stop: it left no caller without an answer.
ALTER TABLE instances ADD COLUMN stopped_generation INTEGER;

CREATE TABLE joins (
  hold_id TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  tag TEXT,
  PRIMARY KEY (hold_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX joins_at ON joins (at);
`,
  },
];
