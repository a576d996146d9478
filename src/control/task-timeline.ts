/**
 * A task's whole life, by time: each folder adds its lines.
 *
 * **Invariant**: read from rows alone, by the index of each table; a part that was dropped by its retention has no lines.
 */
import { moneyTimeline } from '../budget/money-timeline.ts';
import { callTimeline } from '../calls/call-timeline.ts';
import { joinTimeline } from '../idempotency/join-timeline.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import {
  TIMELINE_STEPS,
  type TimelineHold,
  type TimelineLine,
  type TimelineReader,
  type TimelineStep,
} from '../store/timeline.ts';
import { resultTimeline } from '../tasks/result-timeline.ts';
import { callbackTimeline } from '../tasks/callback-timeline.ts';
import { retryTimeline } from '../tasks/retry-links.ts';
import { contradictionTimeline } from '../tasks/contradiction-table.ts';
import { stateTimeline } from '../tasks/state-timeline.ts';

/** One line for each folder. */
const READERS: readonly TimelineReader[] = [
  moneyTimeline,
  callTimeline,
  joinTimeline,
  stateTimeline,
  contradictionTimeline,
  callbackTimeline,
  retryTimeline,
  resultTimeline,
];

const RANKS = new Map<TimelineStep, number>(TIMELINE_STEPS.map((step, rank) => [step, rank]));

/** Gives the timeline of a task by Kling's id, the earliest line first; empty for a task that is not ours. */
export const readTaskTimeline = defineRead(
  'control.taskTimeline',
  async (tx: Tx, args: { taskId: string }): Promise<TimelineLine[]> => {
    const hold = await tx.get<TimelineHold>(
      'SELECT id AS "holdId", task_id AS "taskId", request_id AS "requestId", at FROM creates WHERE task_id = ?',
      args.taskId,
    );
    if (!hold) return [];
    const lines: TimelineLine[] = [];
    for (const read of READERS) lines.push(...(await read(tx, hold)));
    return lines.sort((a, b) => a.at - b.at || rankOf(a) - rankOf(b));
  },
);

function rankOf({ step }: TimelineLine): number {
  return RANKS.get(step) ?? 0;
}
