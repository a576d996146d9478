/** The result of the last scheduled comparison, kept for the alert, also after a restart. */
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';

const KEY = 'reconcile.last';

export interface LastReconciliation {
  at: Ms;
  /** The span that was compared; `to` is exclusive. */
  from: Ms;
  to: Ms;
  /** The differences for creates of ours, all counted as positive. */
  driftCredits: MilliCredits;
  oursOnlyTasks: number;
  differentTasks: number;
  theirsOnlyTasks: number;
  theirsOnlyCredits: MilliCredits;
  pendingTasks: number;
  /** Some creates with a difference, by their task, else by their hold. */
  examples: string[];
}

/** Keeps a result in place of the last one. */
export const noteReconciliation = defineWrite(
  'reconcile.noteLast',
  async (tx: Tx, last: LastReconciliation): Promise<void> => {
    await tx.run(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      KEY,
      JSON.stringify(last),
    );
  },
  { scope: 'exclusive' },
);

/** Gives the last result; null before the first. */
export const lastReconciliation = defineRead(
  'reconcile.last',
  async (tx: Tx): Promise<LastReconciliation | null> => {
    const row = await tx.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', KEY);
    return row ? (JSON.parse(row.value) as LastReconciliation) : null;
  },
);
