/**
 * Contradictions between two answers of Kling's about one task: two different ends, or an end and then, by a newer update time,
 * a state before the end. The first end stays; the other answer is kept here, once for each state.
 */
import { defineRead, type Migration, type Tx } from '../store/operation.ts';
import type { TimelineReader } from '../store/timeline.ts';
import type { Ms } from '../units.ts';
import type { TaskState } from '../words.ts';
import { isTerminal } from './task-state.ts';
import type { KnownTask } from './task-table.ts';
import type { SightingSource, TaskSighting } from './task.ts';

export const contradictionMigrations: readonly Migration[] = [
  {
    id: '211-contradictions',
    sqlite: `
CREATE TABLE task_contradictions (
  hold_id TEXT NOT NULL,
  state TEXT NOT NULL,
  at INTEGER NOT NULL,
  source TEXT NOT NULL,
  message TEXT,
  vendor_updated_at INTEGER,
  PRIMARY KEY (hold_id, state)
) STRICT, WITHOUT ROWID;
`,
  },
];

/** Returns whether a sighting that is not older than the known state contradicts it. */
export function contradicts(
  { state, vendor_updated_at: knownAt }: Pick<KnownTask, 'state' | 'vendor_updated_at'>,
  seen: Pick<TaskSighting, 'state' | 'updatedAt'>,
): boolean {
  if (!isTerminal(state) || seen.state === state) return false;
  if (isTerminal(seen.state)) return true;
  // Without both times a state before the end is an answer from before it.
  return knownAt !== null && seen.updatedAt !== null && seen.updatedAt > knownAt;
}

/** Keeps a contradicting answer; false if one with that state was kept before. */
export async function keepContradiction(
  tx: Tx,
  holdId: string,
  { state, statusMessage, updatedAt }: TaskSighting,
  { source, at }: { source: SightingSource; at: Ms },
): Promise<boolean> {
  const added = await tx.run(
    `INSERT INTO task_contradictions (hold_id, state, at, source, message, vendor_updated_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (hold_id, state) DO NOTHING`,
    holdId,
    state,
    at,
    source,
    statusMessage,
    updatedAt,
  );
  return added > 0;
}

export interface Contradiction {
  at: Ms;
  state: TaskState;
  source: SightingSource;
  message: string | null;
}

/** Lists the contradictions of a task by Kling's id, the earliest first. */
export const listContradictions = defineRead(
  'tasks.listContradictions',
  (tx: Tx, args: { taskId: string }): Promise<Contradiction[]> =>
    tx.all<Contradiction>(
      `SELECT t.at, t.state, t.source, t.message FROM task_contradictions t
       JOIN creates c ON c.id = t.hold_id WHERE c.task_id = ? ORDER BY t.at, t.state`,
      args.taskId,
    ),
);

/** Reads the lines of contradictions in a task's timeline. */
export const contradictionTimeline: TimelineReader = async (tx, { holdId }) => {
  const rows = await tx.all<{ at: Ms; state: TaskState; source: SightingSource }>(
    'SELECT at, state, source FROM task_contradictions WHERE hold_id = ? ORDER BY at, state',
    holdId,
  );
  return rows.map(({ at, state, source }) => ({
    at,
    step: 'contradicted',
    text: `Kling showed ${state} after the end (${source}); the first end stays`,
  }));
};
