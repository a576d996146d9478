/** The result of the ledger's last verification, kept for an alert, also after a restart. */
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

const KEY = 'ledger.verified';

export interface LastVerification {
  at: Ms;
  /** The number of problems, at most 100; 0 if all agrees. */
  problems: number;
  /** The first of them. */
  first: string | null;
  /** The first verification of the present problems; null if all agrees. */
  since: Ms | null;
}

/** Gives the last result that was kept; null before the first. */
export const lastVerification = defineRead(
  'ledger.lastVerification',
  (tx: Tx): Promise<LastVerification | null> => readLast(tx),
);

/** Keeps the result of a verification. */
export const noteVerification = defineWrite(
  'ledger.noteVerification',
  async (tx: Tx, args: { at: Ms; problems: readonly string[] }): Promise<LastVerification> => {
    const { at, problems } = args;
    const before = await readLast(tx);
    const since = problems.length === 0 ? null : (before?.since ?? at);
    const noted = { at, problems: problems.length, first: problems[0] ?? null, since };
    await tx.run(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      KEY,
      JSON.stringify(noted),
    );
    return noted;
  },
  { scope: 'exclusive' },
);

async function readLast(tx: Tx): Promise<LastVerification | null> {
  const row = await tx.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', KEY);
  return row ? (JSON.parse(row.value) as LastVerification) : null;
}
