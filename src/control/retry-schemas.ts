/** The shapes of task retries in `GET /v1/tasks/ID` and `/v1/status`; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';

const instant = z.iso.datetime().describe('ISO 8601 in UTC.');

export const retryFields = {
  retryOf: z
    .string()
    .nullable()
    .describe(
      'The task that failed first, for a task that the sidecar made because of it (tasks.retryFailed).',
    ),
  retriedBy: z
    .array(
      z.object({
        number: z.int(),
        reason: z.string().describe('Why the task before it failed.'),
        at: instant,
        holdId: z.string(),
        holdState: z.enum(['held', 'settled', 'released', 'written_off']),
        taskId: z.string().nullable().describe('Null if Kling made no task, or none is known.'),
        state: z.string().nullable().describe('The state of that task.'),
      }),
    )
    .describe('The creates that the sidecar made because this task failed, in their order.'),
  retryChain: z
    .object({
      state: z.enum(['open', 'waiting', 'ended']),
      reason: z.string().nullable(),
      note: z.string().nullable().describe('Why nothing was made yet, or why there are no more.'),
      dueAt: instant.nullable().describe('When the next create is made.'),
    })
    .nullable()
    .describe('What follows if the task fails, or after it failed; null if it is not tried again.'),
};

export const taskRetries = z
  .object({ waiting: z.int(), nextAt: instant.nullable() })
  .describe('Failed tasks that wait for a new create (tasks.retryFailed), and when the first one is made.');
