/**
 * The trace of each create that was kept, so that later traces of its task can link to it, also after a restart.
 *
 * Rows are written only with tracing on, many at a time and apart from creates: a kill may lose the links of the last second.
 * **Invariant**: only traces depend on it; rows are dropped by age.
 */
import { defineRead, defineWrite, type Migration, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

export const holdTraceMigrations: readonly Migration[] = [
  {
    id: '140-hold-traces',
    sqlite: `
CREATE TABLE hold_traces (
  hold_id TEXT PRIMARY KEY,
  traceparent TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_traces_at ON hold_traces (at);
`,
  },
  {
    // Ids of holds sort by time, so the oldest are found without an index; an index would make each create slower.
    id: '141-hold-traces-by-id',
    sqlite: 'DROP INDEX hold_traces_at;',
  },
];

/** The most rows that one run drops, so that no create waits for it. */
const ROWS_MAX = 2_000;

export interface HoldTrace {
  holdId: string;
  traceparent: string;
  at: Ms;
}

/** Keeps the `traceparent` of holds' creates. */
export const insertHoldTraces = defineWrite(
  'budget.insertHoldTraces',
  async (tx: Tx, traces: readonly HoldTrace[]): Promise<void> => {
    for (const { holdId, traceparent, at } of traces) {
      await tx.run(
        `INSERT INTO hold_traces (hold_id, traceparent, at) VALUES (?, ?, ?) ON CONFLICT (hold_id) DO NOTHING`,
        holdId,
        traceparent,
        at,
      );
    }
  },
  { scope: 'own', isPlain: () => true },
);

/** Gives the `traceparent` of those holds that have one. */
export const readHoldTraces = defineRead(
  'budget.readHoldTraces',
  async (
    tx: Tx,
    args: { holdIds: readonly string[] },
  ): Promise<Pick<HoldTrace, 'holdId' | 'traceparent'>[]> => {
    const found: Pick<HoldTrace, 'holdId' | 'traceparent'>[] = [];
    for (const holdId of args.holdIds) {
      const row = await tx.get<{ traceparent: string }>(
        'SELECT traceparent FROM hold_traces WHERE hold_id = ?',
        holdId,
      );
      if (row) found.push({ holdId, traceparent: row.traceparent });
    }
    return found;
  },
);

/** Drops some rows from before an instant, oldest first; `more` asks for another run. */
export const dropHoldTraces = defineWrite(
  'budget.dropHoldTraces',
  async (tx: Tx, args: { before: Ms }): Promise<{ dropped: number; more: boolean }> => {
    const dropped = await tx.run(
      `DELETE FROM hold_traces WHERE at < ? AND hold_id IN (SELECT hold_id FROM hold_traces ORDER BY hold_id LIMIT ${ROWS_MAX})`,
      args.before,
    );
    return { dropped, more: dropped >= ROWS_MAX };
  },
  { scope: 'exclusive' },
);
