/** The shapes of tasks; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';
import { retryFields } from './retry-schemas.ts';
import { taskResult } from './result-schemas.ts';
import { credits, instant, mode, operation, paged, searched } from './schema-parts.ts';
import { lifeFields } from './task-life-schemas.ts';
import { taskMoneyFields } from './task-money-schemas.ts';

const taskFields = {
  id: z.string(),
  externalTaskId: z.string().nullable(),
  holdId: z.string(),
  operation,
  model: z.string().nullable(),
  mode,
  product: z.enum(['video', 'image']),
  app: z.string(),
  tag: z.string().nullable(),
  state: z
    .enum(['submitted', 'processing', 'succeeded', 'failed', 'lost'])
    .describe('lost: open for 30 days without an end; nobody asks for it any more.'),
  statusMessage: z.string().nullable(),
  stuck: z.boolean(),
  heldCredits: credits,
  settledCredits: credits,
  joins: z.number().int().describe('Equal creates that got its answer, because its own caller did not.'),
  createdAt: instant,
  updatedAt: instant,
  promptPreview: z
    .string()
    .nullable()
    .describe('The masked beginning of its prompt; null where none is kept.'),
  lostAt: instant.nullable().describe('When it was marked as lost; kept if Kling reports its end later.'),
};
export const tasksAnswer = z
  .object({ tasks: z.array(z.object(taskFields).openapi('Task')), searched, ...paged })
  .openapi('TasksAnswer');
export const taskAnswer = z
  .object({
    ...taskFields,
    ...retryFields,
    ...lifeFields,
    ...taskMoneyFields,
    timeline: z.array(
      z.object({
        at: instant,
        state: z.string(),
        source: z.string().describe('The source of this state.'),
        message: z.string().nullable(),
      }),
    ),
    joined: z.array(z.object({ at: instant, requestId: z.string(), tag: z.string().nullable() })),
    results: z.array(taskResult),
  })
  .openapi('TaskAnswer');

export type TasksAnswer = z.infer<typeof tasksAnswer>;
export type TaskAnswer = z.infer<typeof taskAnswer>;
