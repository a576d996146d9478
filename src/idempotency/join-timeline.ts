/** The lines of the creates that joined a task, in its timeline. */
import type { TimelineReader } from '../store/timeline.ts';
import type { Ms } from '../units.ts';

const JOINS_MAX = 100;

/** Reads a line for each create that got the task's answer. */
export const joinTimeline: TimelineReader = async (tx, { holdId }) => {
  const joins = await tx.all<{ at: Ms; requestId: string }>(
    'SELECT at, request_id AS "requestId" FROM joins WHERE hold_id = ? ORDER BY id LIMIT ?',
    holdId,
    JOINS_MAX,
  );
  return joins.map(({ at, requestId }) => ({
    at,
    step: 'joined',
    text: `an equal create got its answer, request ${requestId}`,
  }));
};
