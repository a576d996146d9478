/**
 * The credentials that were in use, by fingerprint: since when, for which host, and in which `environment`.
 *
 * A fingerprint does not reveal its key. So two stores can be compared without a secret: the same fingerprint in both is
 * the same key. **Invariant**: each start and reload writes a row, and none is dropped.
 */
import { defineRead, defineWrite, type Migration, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

export const usedKeyMigrations: readonly Migration[] = [
  {
    id: '170-used-keys',
    sqlite: `
CREATE TABLE used_keys (
  fingerprint TEXT NOT NULL,
  environment TEXT NOT NULL,
  host TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (fingerprint, environment, host)
) STRICT, WITHOUT ROWID;
`,
  },
];

/** The use of one key in one environment. */
export interface UsedKey {
  fingerprint: string;
  environment: string;
  host: string;
  /** The first known start or reload with it. */
  firstAt: Ms;
  /** The last start or reload with it. */
  lastAt: Ms;
}

/** Records that a key is in use; if it is new here and the audit names it, the audit gives its first use. */
export const noteUsedKey = defineWrite(
  'ledger.noteUsedKey',
  async (tx: Tx, args: { fingerprint: string; environment: string; host: string; at: Ms }): Promise<void> => {
    const { fingerprint, environment, host, at } = args;
    const changed = await tx.run(
      'UPDATE used_keys SET last_at = ? WHERE fingerprint = ? AND environment = ? AND host = ?',
      at,
      fingerprint,
      environment,
      host,
    );
    if (changed > 0) return;
    const known = await tx.get<{ fingerprint: string }>(
      'SELECT fingerprint FROM used_keys WHERE fingerprint = ? LIMIT 1',
      fingerprint,
    );
    const firstAt = known === undefined ? await firstInAudit(tx, fingerprint) : null;
    await tx.run(
      'INSERT INTO used_keys (fingerprint, environment, host, first_at, last_at) VALUES (?, ?, ?, ?, ?)',
      fingerprint,
      environment,
      host,
      Math.min(firstAt ?? at, at),
      at,
    );
  },
  { scope: 'own' },
);

/** Versions without a table of keys wrote each change of the upstream into the audit, with the fingerprint. */
async function firstInAudit(tx: Tx, fingerprint: string): Promise<Ms | null> {
  const row = await tx.get<{ at: Ms | null }>(
    `SELECT MIN(at) AS at FROM audit WHERE action = 'upstream.use' AND after LIKE ?`,
    `% ${fingerprint};%`,
  );
  return row?.at ?? null;
}

/** The most rows of one answer: a store has a few keys a year. */
const ROWS_MAX = 1_000;

/** Lists the keys that were in use, last used first; at most 1000 rows. */
export const readUsedKeys = defineRead('ledger.readUsedKeys', async (tx: Tx): Promise<UsedKey[]> => {
  const rows = await tx.all<{
    fingerprint: string;
    environment: string;
    host: string;
    first_at: Ms;
    last_at: Ms;
  }>(
    `SELECT fingerprint, environment, host, first_at, last_at FROM used_keys
     ORDER BY last_at DESC, fingerprint, environment, host LIMIT ?`,
    ROWS_MAX,
  );
  return rows.map(({ first_at: firstAt, last_at: lastAt, ...key }) => ({ ...key, firstAt, lastAt }));
});
