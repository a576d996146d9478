/** The shapes of `/v1/checklist`: the verdicts of `doctor --checklist --json`, and when they were made. */
import { z } from '@hono/zod-openapi';
import { instant } from './schema-parts.ts';
import { instant as askedInstant } from './questions.ts';

export const LINE_LEVELS = ['ok', 'warn', 'fail', 'not ours'] as const;
export const CHECK_LEVELS = ['ok', 'note', 'warn', 'fail'] as const;

const line = z
  .object({
    id: z.string(),
    heading: z.string(),
    line: z.string(),
    level: z.enum(LINE_LEVELS).describe('`not ours`: only the app can keep this line.'),
    reason: z.string(),
    remedy: z.string().nullable().describe('Null if the level is ok.'),
  })
  .openapi('ChecklistLine');
const check = z
  .object({
    name: z.string(),
    level: z.enum(CHECK_LEVELS),
    finding: z.string(),
    advice: z.string().nullable(),
  })
  .openapi('DoctorCheck');

/** What `doctor --checklist --json` prints. */
export const checklist = z.object({
  version: z.string(),
  environment: z.string(),
  upstream: z.string(),
  fingerprint: z.string().nullable().describe('Of the key in use; null if it is not known.'),
  counts: z.record(z.enum(LINE_LEVELS), z.int()).describe('Lines with each level.'),
  lines: z.array(line).describe('In the order of the checklist.'),
  checks: z.array(check).describe('The checks of doctor.'),
});
export type Checklist = z.infer<typeof checklist>;

export const checklistAnswer = z
  .object({
    isJudging: z.boolean(),
    startedAt: instant
      .nullable()
      .describe('When the last judging began, also one that goes on; null: none yet.'),
    nextAt: instant.nullable().describe('Another judging begins no earlier than this; null: at once.'),
    problem: z.string().nullable().describe('Why the last judging gave no verdicts; null if it did.'),
    judged: checklist
      .extend({
        startedAt: instant,
        tookMs: z.number().describe('How long it took, in milliseconds.'),
      })
      .nullable()
      .describe('The last verdicts; null if there are none.'),
  })
  .openapi('ChecklistAnswer');
export type ChecklistAnswer = z.infer<typeof checklistAnswer>;

export const checklistQuery = z.strictObject({
  since: askedInstant.optional().openapi({
    type: 'string',
    description:
      'Verdicts whose judging began at this instant or later; by default a minute ago. Younger ones than a minute are always given.',
  }),
  wait: z
    .enum(['true', 'false'])
    .default('true')
    .transform((text) => text === 'true')
    .openapi({ type: 'boolean', description: 'Whether to wait for a judging that is needed.' }),
  begin: z
    .enum(['true', 'false'])
    .default('true')
    .transform((text) => text === 'true')
    .openapi({ type: 'boolean', description: 'Whether a judging that is needed begins.' }),
});
