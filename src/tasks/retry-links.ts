/** The links between a failed task and the creates that were made for it, for answers about one task. */
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { HoldState, TaskState } from '../words.ts';
import type { TimelineLine, TimelineReader } from '../store/timeline.ts';
import type { ChainState } from './retry-table.ts';

/** A create that was made because a task failed. */
export interface TaskRetry {
  /** 1 for the first one; a create that made no task is followed by another one of the same number. */
  number: number;
  /** Why the task before it failed. */
  reason: string;
  at: Ms;
  holdId: string;
  holdState: HoldState;
  /** Null if Kling made no task, or none is known. */
  taskId: string | null;
  state: TaskState | null;
}

/** What happens next for a task that is tried again. */
export interface RetryChain {
  state: ChainState;
  /** Why the last task failed; null before one did. */
  reason: string | null;
  /** Why nothing was made yet, or why the chain is over; null for neither. */
  note: string | null;
  /** When the next create is made; null unless it waits. */
  dueAt: Ms | null;
}

export interface RetryLinks {
  /** The first task of the chain that a create belongs to; null for a create of an app. */
  retryOf: string | null;
  /** The creates that were made for a first task, in their order. */
  retriedBy: TaskRetry[];
  /** Null for a task that is not tried again, and where nothing of it is kept. */
  retryChain: RetryChain | null;
}

/** Gives the links of a task by Kling's id; null if it is not ours. */
export const retryLinks = defineRead(
  'tasks.retryLinks',
  async (tx: Tx, args: { taskId: string }): Promise<RetryLinks | null> => {
    const create = await tx.get<{ id: string }>('SELECT id FROM creates WHERE task_id = ?', args.taskId);
    return create ? linksOf(tx, create.id) : null;
  },
);

async function linksOf(tx: Tx, holdId: string): Promise<RetryLinks> {
  const first = await tx.get<{ taskId: string | null }>(
    `SELECT f.task_id AS "taskId" FROM task_retries r JOIN creates f ON f.id = r.first_hold_id WHERE r.hold_id = ?`,
    holdId,
  );
  if (first) return { retryOf: first.taskId, retriedBy: [], retryChain: null };
  const chain = await tx.get<RetryChain>(
    'SELECT state, reason, note, due_at AS "dueAt" FROM task_retry_chains WHERE first_hold_id = ?',
    holdId,
  );
  const retriedBy = await tx.all<TaskRetry>(
    `SELECT r.number, r.reason, c.at, c.id AS "holdId", c.state AS "holdState", c.task_id AS "taskId", c.task_state AS state
     FROM task_retries r JOIN creates c ON c.id = r.hold_id WHERE r.first_hold_id = ? ORDER BY r.hold_id`,
    holdId,
  );
  return { retryOf: null, retriedBy, retryChain: chain ?? null };
}

/** Reads the lines of task retries: those that were made for a task, the one that waits, and why there are no more. */
export const retryTimeline: TimelineReader = async (tx, { holdId, at }) => {
  const own = await tx.get<{ number: number; reason: string; first: string | null }>(
    `SELECT r.number, r.reason, COALESCE(f.task_id, f.id) AS first
     FROM task_retries r JOIN creates f ON f.id = r.first_hold_id WHERE r.hold_id = ?`,
    holdId,
  );
  if (own) {
    const text = `made as retry ${own.number} of ${own.first}: a task failed (${own.reason})`;
    return [{ at, step: 'retry', text }];
  }
  const { retriedBy } = await linksOf(tx, holdId);
  const lines = retriedBy.map(({ at: madeAt, number, taskId, holdId: madeId, reason }): TimelineLine => {
    const made = taskId === null ? `create ${madeId}, which has no task` : `task ${taskId}`;
    return { at: madeAt, step: 'retry', text: `retry ${number} is ${made}: a task failed (${reason})` };
  });
  const next = await tx.get<NextLine>(
    `SELECT state, number, reason, note, waiting_since AS "waitingSince", due_at AS "dueAt", ended_at AS "endedAt"
     FROM task_retry_chains WHERE first_hold_id = ? AND state <> 'open'`,
    holdId,
  );
  return next ? [...lines, lineOf(next)] : lines;
};

interface NextLine {
  state: ChainState;
  number: number;
  reason: string | null;
  note: string | null;
  waitingSince: Ms | null;
  dueAt: Ms | null;
  endedAt: Ms | null;
}

function lineOf({ number, reason, note, waitingSince, dueAt, endedAt }: NextLine): TimelineLine {
  if (endedAt !== null) return { at: endedAt, step: 'retry', text: `no more retries: ${note ?? 'ended'}` };
  const due = new Date(dueAt ?? 0).toISOString();
  const why = note === null ? '' : `; ${note}`;
  return {
    at: waitingSince ?? 0,
    step: 'retry',
    text: `a task failed (${reason ?? 'other'}): retry ${number + 1} waits until ${due}${why}`,
  };
}
