/**
 * Lost tasks: open for 30 days, and then Kling did not report their end. Nobody asks for them any more.
 *
 * Kling clears results 30 days after generation (kling-api.md, section 5, read 2026-11-21), so a later answer is not expected.
 * `creates.lost_at` is set once; the state of the task stays as it was, so that a later answer of Kling's still ends it. The
 * hold stays `held` until then, or until an operator ends it.
 */
import { defineRead, type Migration, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';

/** The age at which an open task is lost. */
export const LOST_AFTER_MS: Ms = 30 * 86_400_000;

export const lostMigrations: readonly Migration[] = [
  {
    id: '210-lost',
    sqlite: `
ALTER TABLE creates ADD COLUMN lost_at INTEGER;
CREATE INDEX creates_lost ON creates (id) WHERE lost_at IS NOT NULL;
`,
  },
];

/** The condition on `creates c` of a task that is lost now. */
export const IS_LOST = "c.lost_at IS NOT NULL AND c.task_state IN ('submitted', 'processing')";

export interface LostTasks {
  tasks: number;
  heldCredits: MilliCredits;
  /** When the oldest of them was made; null if there is none. */
  oldestAt: Ms | null;
}

/** Sums the lost tasks whose hold is still held: an operator has ended the others. */
export const readLostTasks = defineRead(
  'tasks.readLost',
  async (tx: Tx, _args: Record<string, never>): Promise<LostTasks> => {
    const sums = await tx.get<{ tasks: number; held: MilliCredits | null; oldest: Ms | null }>(
      `SELECT COUNT(*) AS tasks, SUM(c.credits) AS held, MIN(c.task_created_at) AS oldest
       FROM creates c WHERE ${IS_LOST} AND c.state = 'held'`,
    );
    return { tasks: sums?.tasks ?? 0, heldCredits: sums?.held ?? 0, oldestAt: sums?.oldest ?? null };
  },
);

/** Which open tasks no poll asks for: all of them if polls are off, else those of another host. */
export type Unasked = 'all' | 'elsewhere';

/** Lists open tasks made at an instant or before that no poll asks for and that are not lost yet, at most `limit`. */
export const listOldUnasked = defineRead(
  'tasks.listOldUnasked',
  async (tx: Tx, args: { unasked: Unasked; until: Ms; limit: number }): Promise<string[]> => {
    const rows = await tx.all<{ id: string }>(
      `SELECT c.task_id AS id FROM creates c JOIN hold_places p ON p.hold_id = c.id
       WHERE c.task_state IN ('submitted', 'processing') AND c.lost_at IS NULL AND c.task_created_at <= ?
         AND p.is_at_host <= ? ORDER BY c.id LIMIT ?`,
      args.until,
      args.unasked === 'all' ? 1 : 0,
      args.limit,
    );
    return rows.map(({ id }) => id);
  },
);
