/**
 * How long creates waited for a slot: a row for each one that did, for its task's timeline.
 *
 * Rows are written with the next batch and apart from creates: a kill may lose the last ones. Nothing depends on them.
 */
import { defineWrite, type Migration, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

export const queueWaitMigrations: readonly Migration[] = [
  {
    id: '212-queue-waits',
    sqlite: `
CREATE TABLE queue_waits (
  hold_id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  waited_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  },
];

export interface QueueWait {
  holdId: string;
  /** When the wait began. */
  at: Ms;
  waitedMs: Ms;
}

/** Keeps how long a create waited for its slot. */
export const noteQueueWait = defineWrite(
  'calls.noteQueueWait',
  async (tx: Tx, { holdId, at, waitedMs }: QueueWait): Promise<void> => {
    await tx.run(
      'INSERT INTO queue_waits (hold_id, at, waited_ms) VALUES (?, ?, ?) ON CONFLICT (hold_id) DO NOTHING',
      holdId,
      Math.round(at),
      Math.round(waitedMs),
    );
  },
  { scope: 'own' },
);
