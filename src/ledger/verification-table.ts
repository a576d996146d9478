/** What the last verification of the ledger found, kept so that an alert can say so, also after a restart. */
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

const KEY = 'ledger.verified';

export interface LastVerification {
  at: Ms;
  /** Sentences of what does not agree, at most 100 counted; 0 where all agrees. */
  problems: number;
  /** The first of them. */
  first: string | null;
  /** Since which verification something does not agree; null where all agrees. */
  since: Ms | null;
}

/** Gives what the last verification that was kept found; null before the first. */
export const lastVerification = defineRead(
  'ledger.lastVerification',
  (tx: Tx): Promise<LastVerification | null> => readLast(tx),
);

/** Keeps what a verification found. */
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
