/**
 * The shapes of availability: questions, orders and answers.
 *
 * **Invariant**: the first fields of a month never change (README); others may be added.
 */
import { z } from '@hono/zod-openapi';
import { MONTH_FORM } from '../sla/period.ts';
import { READING_NAMES } from '../sla/reading.ts';
import { actorField, instant, writtenName, writtenText } from './questions.ts';

/** Lines of one request to import, and of one page of an export. */
const LINES_MAX = 1000;

const time = z.iso.datetime().describe('ISO 8601 in UTC.');
const count = z.int().min(0);
export const decimal = z.string().describe('A decimal with six places, rounded down.');
export const month = z
  .string()
  .regex(MONTH_FORM, { error: 'a month such as 2026-10' })
  .openapi({ example: '2026-10', description: '2023-01 to December of the next year; others are refused.' });

export const monthParams = z.object({ month });
export const monthQuery = z.strictObject({
  map: z.literal('true').optional().openapi({ description: 'Adds the windows for a picture.' }),
});
/** A list of what was said about availability: all of it, or what touches a month. */
export const ofMonthQuery = z.strictObject({ month: month.optional() });
export const exclusionParams = z.object({ id: writtenText(100) });
export const exportQuery = z.strictObject({
  limit: z.coerce
    .number()
    .pipe(z.int().min(1).max(LINES_MAX))
    .default(LINES_MAX)
    .openapi({ type: 'integer', minimum: 1, maximum: LINES_MAX, default: LINES_MAX }),
  cursor: z.string().min(1).max(200).optional(),
});

const span = { from: instant, to: instant };
export const exclusionBody = z
  .strictObject({ ...span, clause: writtenText(100), source: writtenText(500), actor: actorField })
  .openapi('ExclusionBody');
export const blameBody = z
  .strictObject({
    ...span,
    blame: z.enum(['upstream', 'local']),
    source: writtenText(500),
    actor: actorField,
  })
  .openapi('BlameBody');
export const importBody = z
  .strictObject({
    run: writtenName(64).describe('The same for all batches of one import.'),
    file: writtenText(500).describe('The imported file, for the audit.'),
    source: writtenName(200).describe('Who recorded the calls; part of their identity.'),
    host: writtenText(253).optional().describe('The host of the calls, for lines that name none.'),
    lines: z
      .array(
        z.strictObject({
          text: z.string().min(1).max(65_536).describe('One line of an import.'),
          repeat: count.describe('How often its content came before in the file.'),
          olderRepeat: count
            .default(0)
            .describe('The same without its klingRequestId and attempt: the identity of calls in 0.1.0.'),
        }),
      )
      .max(LINES_MAX),
    seq: count
      .optional()
      .describe('The batch’s place in its run, from 0: batches sent together are written in this order.'),
    isLast: z.boolean().default(false).describe('Ends the import.'),
    actor: actorField,
  })
  .openapi('ImportBody');
const window = z
  .object({ start: time, valid: count, errors: count, byClass: z.record(z.string(), count) })
  .openapi('SlaWindow');
const reading = z.object({
  title: z.string(),
  errors: count,
  valid: count,
  windows: count.describe('The divisor of the sum.'),
  sumErrorRates: decimal,
  availability: decimal.nullable(),
  breached: z.boolean(),
  compensationPercent: z.int(),
});
const requests = z.object({
  valid: count,
  errors: count,
  unreachable: count.describe('All requests that never arrived, with any blame.'),
  excluded: count,
  answered: count,
  serverErrors: count,
  maintenance: count.describe('Of the server errors, those with code 5001.'),
  unreachableUpstream: count,
  unreachableLocal: count,
  unreachableUnknown: count,
  noAnswer: count.describe('Sent, then reset or timed out: in no reading.'),
  aborted: count,
  bySidecar: count,
  byProbe: count,
  retries: count,
});
const exclusionOfMonth = z.object({
  start: time,
  end: time,
  clause: z.string(),
  source: z.string(),
  actor: z.string(),
  at: time,
});
const usedBudget = z.object({ allowed: z.string(), used: z.string(), left: z.string() });
const errorBudget = usedBudget.extend({
  projected: decimal.nullable(),
  best: decimal.nullable(),
  projectedBreach: z.boolean(),
});

export const presentAnswer = z
  .object({ month, timeZone: z.string().describe('The zone of the agreement’s months.') })
  .openapi('SlaPresent');
export const slaAnswer = z
  .object({
    month: z.string(),
    timeZone: z.string(),
    start: time.nullable(),
    end: time.nullable().describe('Exclusive.'),
    days: count,
    recorded: z.boolean().describe('Whether a sidecar ran in it, or calls of it were imported.'),
    windows: z.object({
      total: count.describe('Real windows: more or fewer than `divisor` if the zone changes its clock.'),
      withTraffic: count,
      withErrors: count,
      notObserved: count.describe('Windows in which no sidecar ran.'),
      elapsed: count,
      idle: count.describe('Begun and without valid requests.'),
      divisor: count.describe('12 × 24 × days: the divisor of sums of error rates.'),
    }),
    requests,
    sumErrorRates: decimal,
    availability: decimal
      .nullable()
      .describe('Per cent from 0 to 100, by the reading `contract`; null if nothing was recorded.'),
    commitment: z.string(),
    breached: z.boolean(),
    compensationPercent: z.int(),
    readings: z.record(z.enum(READING_NAMES), reading),
    revision: count.describe('The last closed one; 0 while the month was never closed.'),
    termSource: z.enum(['config', 'packs', 'none']),
    terms: z
      .array(z.object({ from: z.string(), to: z.string(), name: z.string().optional() }))
      .describe('The terms that touch the month, both days inclusive.'),
    agreement: z.object({ name: z.string(), effectiveFrom: z.string(), textSha256: z.string() }),
    exclusions: z.array(exclusionOfMonth),
    gaps: z.array(z.object({ start: time, end: time, windows: count })),
    worstWindows: z.array(window),
    budget: usedBudget.nullable().describe('The allowance of failed windows; null if nothing was recorded.'),
    live: z
      .object({ elapsedWindows: count, budget: errorBudget })
      .nullable()
      .describe('Null once the month is over.'),
    warnings: z.array(z.string()),
    digest: z.string(),
    map: z
      .array(z.object({ start: time, windows: count, valid: count, errors: count }))
      .optional()
      .describe(
        'With `map=true`: the windows with valid requests; those without errors that follow each other are one entry.',
      ),
  })
  .openapi('SlaMonth');
export const windowsAnswer = z.object({ windows: z.array(window) }).openapi('SlaWindowsAnswer');
export const exportAnswer = z
  .object({ lines: z.array(z.string()), nextCursor: z.string().nullable() })
  .openapi('ExportAnswer');

const exclusion = z.object({
  id: z.string(),
  from: time,
  to: time,
  clause: z.string(),
  source: z.string(),
  actor: z.string(),
  at: time,
});
export const exclusionsAnswer = z
  .object({ exclusions: z.array(exclusion).describe('Those in force, in order of time.') })
  .openapi('ExclusionsAnswer');
export const exclusionAnswer = exclusionsAnswer
  .extend({ id: z.string().describe('The one that was entered or withdrawn.') })
  .openapi('ExclusionAnswer');
const correction = z.object({
  id: z.string(),
  from: time,
  to: time,
  blame: z.enum(['upstream', 'local']),
  source: z.string(),
  actor: z.string(),
  at: time,
});
export const correctionsAnswer = z
  .object({
    corrections: z
      .array(correction)
      .describe('Oldest first; where two are about the same time, the later one is in force.'),
  })
  .openapi('CorrectionsAnswer');
export const blameAnswer = z
  .object({ id: z.string(), attempts: count.describe('Attempts that never arrived, within the span.') })
  .openapi('BlameAnswer');
export const importAnswer = z
  .object({
    imported: count,
    known: count,
    earlierFiles: z
      .array(z.string())
      .optional()
      .describe(
        'Files imported with the same source before this import began, the last ones first; absent: none.',
      ),
  })
  .openapi('ImportAnswer');

export type SlaWindowsAnswer = z.output<typeof windowsAnswer>;
export type SlaAnswer = z.output<typeof slaAnswer>;
export type SlaPresent = z.output<typeof presentAnswer>;
export type CorrectionsAnswer = z.output<typeof correctionsAnswer>;
export type ExclusionsAnswer = z.output<typeof exclusionsAnswer>;
export type ExportAnswer = z.output<typeof exportAnswer>;
export type ImportBody = z.output<typeof importBody>;
