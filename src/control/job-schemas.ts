/** The shapes of the schedule's JSON. */
import { z } from '@hono/zod-openapi';
import { instant } from './schema-parts.ts';

const job = z
  .object({
    name: z.string(),
    does: z.string(),
    state: z
      .enum(['running', 'ok', 'failed', 'never', 'off'])
      .describe('What it does now, else how its last run ended; never: it has not run yet.'),
    cron: z.string().nullable().describe('Null if the job is off.'),
    timeZone: z.string().describe('The zone of its cron expression.'),
    runningSince: instant.nullable(),
    progress: z.string().nullable().describe('What a running job is doing, if it says so.'),
    lastStartedAt: instant.nullable(),
    lastEndedAt: instant.nullable(),
    lastDurationMs: z.number().nullable(),
    lastResult: z.enum(['ok', 'failed']).nullable(),
    lastError: z.string().nullable(),
    missed: z.int().describe('Runs before the last one that were missed, while nothing ran.'),
    failures: z.int().describe('Failed runs since the last successful one.'),
    lastOkAt: instant.nullable().describe('When the last successful run ended.'),
    nextAt: instant.nullable().describe('When it runs next, as far as is known; null if it is off.'),
  })
  .openapi('Job');
export const jobsAnswer = z.object({ jobs: z.array(job) }).openapi('JobsAnswer');
export const jobAnswer = z.object({ job }).openapi('JobAnswer');
export const jobParams = z.object({ name: z.string().min(1).max(64) });

export type JobRow = z.infer<typeof job>;
export type JobsAnswer = z.infer<typeof jobsAnswer>;
export type JobAnswer = z.infer<typeof jobAnswer>;
