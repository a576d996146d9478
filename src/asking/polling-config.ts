/** The `tasks` and `account` sections of the config: how open tasks are asked for, and whether the account is read. */
import { z } from 'zod';
import { plainSection } from '../config-section.ts';
import { retryFailedSetting } from '../task-retries/retry-rules.ts';
import { OPERATIONS } from '../words.ts';

/** Milliseconds: a second to 30 days. */
const stuckAfter = z.int().min(1000).max(2_592_000_000);

export const tasksSection = z
  .strictObject({
    poll: z.boolean().default(true).describe('Ask for open tasks though no app does, so that they settle.'),
    pollIntervalMs: z.int().min(100).max(3_600_000).default(5000),
    stuckAfterMs: stuckAfter
      .nullable()
      .default(null)
      .describe(
        'The age from which an open task is stuck. null: twice the 99th percentile of its operation once 100 tasks have succeeded (60 s to 24 h), else 600000.',
      ),
    stuckAfterMsByOperation: z
      .partialRecord(z.enum(OPERATIONS), stuckAfter)
      .default({})
      .describe('The same for single operations, such as {"text-to-video": 1200000}.'),
    pollCapPerTask: z
      .int()
      .min(1)
      .max(1_000_000)
      .nullable()
      .default(null)
      .describe(
        'Reads of one open task that all go to Kling. Beyond them Kling is asked once per pollIntervalMs, and its last answer is given again. null: no cap.',
      ),
    retryFailed: retryFailedSetting,
  })
  .prefault({});

export const accountSection = z
  .strictObject({
    poll: z
      .boolean()
      .default(true)
      .describe(
        'Read packs and the ledgers of deductions (jobs.packs, jobs.ledgers say when): terms and fees follow from them, and tasks without a deduction of their own are settled by them.',
      ),
  })
  .prefault({});

export type AccountConfig = z.output<typeof accountSection>;
export type TasksConfig = z.output<typeof tasksSection>;

export const tasksConfig = plainSection(tasksSection);
export const accountConfig = plainSection(accountSection);
