/** The lines of a task's states in its timeline, and the one that it is lost. */
import type { TimelineLine, TimelineReader } from '../store/timeline.ts';
import type { Ms } from '../units.ts';
import type { TaskState } from '../words.ts';
import type { SightingSource } from './task.ts';

const SEEN_IN: Readonly<Record<SightingSource, string>> = {
  create: 'the answer to the create',
  poll: 'a poll',
  app_read: 'a read of an app',
  look_up: 'a look-up',
};

/** Reads the lines of a task's states. */
export const stateTimeline: TimelineReader = async (tx, { holdId, taskId }) => {
  const states = await tx.all<{ state: TaskState; at: Ms; source: SightingSource; message: string | null }>(
    'SELECT state, at, source, message FROM task_events WHERE task_id = ? ORDER BY at, state',
    taskId,
  );
  const lost = await tx.get<{ at: Ms }>(
    'SELECT lost_at AS at FROM creates WHERE id = ? AND lost_at IS NOT NULL',
    holdId,
  );
  const lines = states.map(({ state, at, source, message }): TimelineLine => ({
    at,
    step: 'state',
    text: `${state}, in ${SEEN_IN[source]}${message === null ? '' : `: ${message}`}`,
  }));
  if (lost)
    lines.push({ at: lost.at, step: 'lost', text: 'open for 30 days without an end; asked for no more' });
  return lines;
};
