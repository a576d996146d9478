/**
 * The tables of the account in Kling's books: packs bought, and a row for each deduction.
 *
 * Quantities and money are integers in millionths. `account_reads` records how far each was read. Deductions are asked
 * for by the day on which their task was made, and the last day may still gain rows.
 */
import type { Migration } from '../store/operation.ts';

export const accountMigrations: readonly Migration[] = [
  {
    id: '055-account',
    sqlite: `
CREATE TABLE account_packs (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  total INTEGER,
  remaining INTEGER,
  purchased_at INTEGER,
  effective_at INTEGER NOT NULL,
  invalid_at INTEGER NOT NULL CHECK (invalid_at >= effective_at),
  status TEXT NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account_deductions (
  wallet TEXT NOT NULL CHECK (wallet IN ('package', 'balance')),
  task_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  before INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  pack_id TEXT,
  product TEXT,
  cash_type TEXT,
  currency TEXT,
  api_key_name TEXT,
  PRIMARY KEY (wallet, task_id, at, before)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_deductions_at ON account_deductions (at);

CREATE TABLE account_reads (
  what TEXT PRIMARY KEY CHECK (what IN ('packs', 'package', 'balance')),
  read_at INTEGER,
  from_at INTEGER,
  through_at INTEGER,
  problem TEXT
) STRICT, WITHOUT ROWID;
`,
  },
  {
    // The upstream whose list named the pack, host and account; NULL where it is not known.
    id: '207-pack-upstreams',
    sqlite: 'ALTER TABLE account_packs ADD COLUMN upstream TEXT;',
  },
  {
    // `credits`: what a row is worth; NULL until it was compared with its create, and if it cannot be converted. `compared_at`:
    // when that was; NULL until then. `upstream` of a read: the host and account that it is of; NULL where that is not known.
    id: '240-compared-deductions',
    sqlite: `
ALTER TABLE account_deductions ADD COLUMN credits INTEGER;
ALTER TABLE account_deductions ADD COLUMN compared_at INTEGER;
CREATE INDEX account_deductions_new ON account_deductions (task_id) WHERE compared_at IS NULL;
ALTER TABLE account_reads ADD COLUMN upstream TEXT;
`,
  },
];
