/** The rows of learned limits: for each upstream, what its refusals for concurrency taught. */
import { defineRead, defineWrite, type Migration, type Tx } from '../store/operation.ts';
import type { StoreModule } from '../store/registry.ts';
import type { LearnedLimit } from './learned-limits.ts';

const learnedLimitMigrations: readonly Migration[] = [
  {
    id: '206-learned-limits',
    sqlite: `
CREATE TABLE learned_limits (
  upstream TEXT NOT NULL,
  pool TEXT NOT NULL,
  slots INTEGER NOT NULL CHECK (slots >= 1),
  quiet_ms INTEGER NOT NULL CHECK (quiet_ms >= 0),
  PRIMARY KEY (upstream, pool)
) STRICT, WITHOUT ROWID;
`,
  },
];

/** Lists what an upstream taught, by pool. */
export const readLearnedLimits = defineRead(
  'pacing.readLearnedLimits',
  (tx: Tx, { upstream }: { upstream: string }): Promise<LearnedLimit[]> =>
    tx.all<LearnedLimit>(
      'SELECT pool, slots AS "limit", quiet_ms AS "quietMs" FROM learned_limits WHERE upstream = ? ORDER BY pool',
      upstream,
    ),
);

/** Keeps what an upstream taught, in place of what was kept for these pools. */
export const keepLearnedLimits = defineWrite(
  'pacing.keepLearnedLimits',
  async (tx: Tx, { upstream, limits }: { upstream: string; limits: LearnedLimit[] }): Promise<void> => {
    for (const { pool, limit, quietMs } of limits) {
      await tx.run(
        `INSERT INTO learned_limits (upstream, pool, slots, quiet_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT (upstream, pool) DO UPDATE SET slots = excluded.slots, quiet_ms = excluded.quiet_ms`,
        upstream,
        pool,
        limit,
        quietMs,
      );
    }
  },
  { scope: 'own' },
);

export const pacingModule: StoreModule = {
  migrations: learnedLimitMigrations,
  operations: [readLearnedLimits, keepLearnedLimits],
};
