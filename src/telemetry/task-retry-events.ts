/** The events of task retries: a failed task waits for a new create, the create is made or put off, and the chain ends. */
import { CHAIN_ENDS, type ChainEnd } from '../tasks/retry-table.ts';
import type { Ms } from '../units.ts';
import type { Log } from './log.ts';
import type { Instruments } from './metrics.ts';

/** The results that `kling_task_retries_total` counts. */
export const RETRY_RESULTS: readonly string[] = ['queued', 'made', 'delayed', 'not_kept', ...CHAIN_ENDS];

/** A task retry: the first create of its chain, and its number, 1 for the first retry. */
export interface RetryPlace {
  firstHoldId: string;
  number: number;
}

export interface TaskRetryEvents {
  /** A task failed, and a new create will be made at `dueAt`. */
  taskRetryQueued(retry: RetryPlace & { taskId: string | null; reason: string; dueAt: Ms }): void;
  /** The new create has its hold. */
  taskRetryMade(retry: RetryPlace & { holdId: string }): void;
  /** The new create was refused before its hold; it is made again later. */
  taskRetryDelayed(retry: RetryPlace & { why: string; dueAt: Ms }): void;
  /** Nothing more is made of a create; `number` is the number of retries that were made. */
  taskRetriesEnded(end: RetryPlace & { why: ChainEnd }): void;
  /** A create that a rule matches has too large a body to be kept. */
  taskRetryNotKept(): void;
}

/** Makes the functions of these events. */
export function createTaskRetryEvents({
  instruments,
  log,
}: {
  instruments: Instruments;
  log: Log;
}): TaskRetryEvents {
  const count = (result: string): void => instruments.taskRetries.add(1, result);
  return {
    taskRetryQueued({ dueAt, ...retry }) {
      count('queued');
      const fields = { event: 'task_retry_queued', ...retry, dueAt: new Date(dueAt).toISOString() } as const;
      log.info('a task failed and will be tried again by a new create', fields);
    },
    taskRetryMade(retry) {
      count('made');
      log.info('a failed task is tried again by a new create', { event: 'task_retry_made', ...retry });
    },
    taskRetryDelayed({ dueAt, ...retry }) {
      count('delayed');
      const fields = { event: 'task_retry_delayed', ...retry, dueAt: new Date(dueAt).toISOString() } as const;
      log.info('a task retry could not be made now', fields);
    },
    taskRetriesEnded(end) {
      count(end.why);
      const fields = { event: 'task_retries_ended', ...end } as const;
      if (end.why === 'succeeded' && end.number === 0)
        log.debug('a kept create is not needed any more', fields);
      else log.info('nothing more is made of a create', fields);
    },
    taskRetryNotKept: () => count('not_kept'),
  };
}
