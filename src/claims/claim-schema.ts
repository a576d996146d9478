/** The table of claims. */
import type { Migration } from '../store/operation.ts';

export const claimMigrations: readonly Migration[] = [
  {
    id: '060-claims',
    sqlite: `
CREATE TABLE claims (
  month TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 1),
  state TEXT NOT NULL CHECK (state IN ('draft', 'filed', 'acknowledged', 'granted', 'rejected', 'expired')),
  folder TEXT NOT NULL,
  manifest TEXT NOT NULL,
  reading TEXT NOT NULL CHECK (reading IN ('received', 'contract')),
  percent INTEGER NOT NULL CHECK (percent > 0),
  asked INTEGER,
  currency TEXT,
  earliest TEXT NOT NULL,
  latest TEXT NOT NULL,
  drafted_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  ticket TEXT,
  voucher_code TEXT,
  granted INTEGER,
  voucher_expires TEXT,
  PRIMARY KEY (month, revision)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    // SQLite cannot change a CHECK, so the table is made again. At most one revision of a month stays a draft.
    id: '120-claims-that-no-longer-hold',
    sqlite: `
CREATE TABLE claims_120 (
  month TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 1),
  state TEXT NOT NULL CHECK (state IN
    ('draft', 'filed', 'acknowledged', 'granted', 'rejected', 'expired', 'superseded', 'withdrawn')),
  note TEXT,
  folder TEXT NOT NULL,
  manifest TEXT NOT NULL,
  reading TEXT NOT NULL CHECK (reading IN ('received', 'contract')),
  percent INTEGER NOT NULL CHECK (percent > 0),
  asked INTEGER,
  currency TEXT,
  earliest TEXT NOT NULL,
  latest TEXT NOT NULL,
  drafted_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  ticket TEXT,
  voucher_code TEXT,
  granted INTEGER,
  voucher_expires TEXT,
  PRIMARY KEY (month, revision),
  CHECK ((note IS NULL) = (state NOT IN ('superseded', 'withdrawn')))
) STRICT, WITHOUT ROWID;
INSERT INTO claims_120
SELECT month, revision,
  CASE WHEN why IS NULL THEN state ELSE 'superseded' END, why,
  folder, manifest, reading, percent, asked, currency, earliest, latest, drafted_at, updated_at,
  ticket, voucher_code, granted, voucher_expires
FROM (
  SELECT c.*, CASE
    WHEN c.state <> 'draft' THEN NULL
    WHEN EXISTS (SELECT 1 FROM claims g WHERE g.month = c.month AND g.state = 'granted')
      THEN 'another revision was granted'
    WHEN EXISTS (SELECT 1 FROM claims n WHERE n.month = c.month AND n.revision > c.revision)
      THEN 'a newer revision replaced it'
  END AS why FROM claims c) AS judged;
DROP TABLE claims;
ALTER TABLE claims_120 RENAME TO claims;
`,
  },
];
