/** The queries and bodies of the control plane's callers, checked and converted to our units. */
import { z } from '@hono/zod-openapi';
import { PER_ROWS_MAX } from '../budget/budget-table.ts';
import { ianaZone } from '../fields.ts';
import { BLAMES } from '../calls/outcome.ts';
import { COUNTED } from '../sla/counted-calls.ts';
import { MONTH_FORM } from '../sla/period.ts';
import { READING_NAMES } from '../sla/reading.ts';
import { CALL_OUTCOMES, MODES, OPERATIONS } from '../words.ts';
import { ESTIMATE_REQUESTS_MAX } from './estimate.ts';
import { ACTOR_CHARACTERS_MAX, isStorable, plainActor, storableText } from '../plain-text.ts';

/** Rows of one page of a list. */
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1000;

const limit = z.coerce
  .number()
  .pipe(z.int().min(1).max(LIMIT_MAX))
  .default(LIMIT_DEFAULT)
  .openapi({ type: 'integer', minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT });
const cursor = z.string().min(1).max(500).optional();
/** An instant as ISO 8601 with a zone, a UTC day, or milliseconds since the epoch. */
export const instant = z
  .string()
  .transform((text, ctx) => {
    const at = toInstant(text);
    if (at !== null) return at;
    ctx.addIssue({
      code: 'custom',
      message: 'an instant: ISO 8601 such as 2026-11-21T00:00:00Z, or milliseconds',
    });
    return z.NEVER;
  })
  .openapi({ type: 'string', example: '2026-11-21T00:00:00Z' });
const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .openapi({ type: 'boolean' });
/** A name: what would have to be removed from it is refused, so that two that differ stay two. */
export function writtenName(max: number): z.ZodString {
  return z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine(isStorable, 'text without U+0000 and halves of surrogate pairs');
}
const label = writtenName(128);
/** A budget's name and a label, each character as at most nine. */
const COUNTER_CHARACTERS_MAX = 2000;

const total = z
  .literal('true')
  .transform(() => true)
  .optional()
  .openapi({ type: 'boolean', description: 'Count the rows of the list, among the newest 100,000.' });
const page = { limit, cursor, total };
const range = {
  from: instant.optional().openapi({ type: 'string', description: 'Inclusive; ISO 8601 or milliseconds.' }),
  to: instant.optional().openapi({ type: 'string', description: 'Exclusive; ISO 8601 or milliseconds.' }),
};

/** A value, or `-` for rows without one. */
const orNone = label
  .transform(noneOf)
  .optional()
  .openapi({ type: 'string', description: 'Or "-": those without one.' });

function noneOf<T extends string>(text: T): Exclude<T, '-'> | null {
  return text === '-' ? null : (text as Exclude<T, '-'>);
}

const modeOrNone = z
  .enum([...MODES, '-'])
  .transform(noneOf)
  .optional()
  .openapi({ type: 'string' });
const yes = z
  .literal('true')
  .transform(() => true)
  .optional();

/** A whole number from 0. */
function wholeNumber(max: number) {
  return z.coerce
    .number()
    .pipe(z.int().min(0).max(max))
    .openapi({ type: 'integer', minimum: 0, maximum: max });
}

const outcomes = z
  .string()
  .transform((text, ctx) => {
    const words = z.array(z.enum(CALL_OUTCOMES)).min(1).safeParse(text.split(','));
    if (words.success) return [...new Set(words.data)];
    ctx.addIssue({ code: 'custom', message: `some of ${CALL_OUTCOMES.join(', ')}, separated by commas` });
    return z.NEVER;
  })
  .openapi({ type: 'string', example: 'server_error,no_answer' });

export const tasksQuery = z.strictObject({
  state: z.enum(['submitted', 'processing', 'succeeded', 'failed', 'lost']).optional(),
  app: label.optional(),
  tag: orNone,
  operation: z.enum(OPERATIONS).optional(),
  model: orNone,
  mode: modeOrNone,
  product: z.enum(['video', 'image']).optional(),
  stuck: z.literal('true').optional(),
  search: writtenName(200).optional().openapi({
    type: 'string',
    description: 'A whole id of task, hold or create, app or tag, or a part of the prompt preview.',
  }),
  ...range,
  ...page,
});
export const callsQuery = z.strictObject({
  kind: z.enum(['sent', 'refused', 'would-refuse']).default('sent'),
  app: label.optional(),
  tag: orNone,
  method: z
    .string()
    .regex(/^[A-Z]{1,10}$/, 'a method such as POST')
    .optional(),
  route: writtenName(300).optional(),
  status: wholeNumber(999).optional(),
  code: wholeNumber(99_999).optional(),
  outcome: outcomes.optional(),
  failed: z.literal('true').optional(),
  counted: z.enum(COUNTED).optional().openapi({
    description: 'Only those that availability counts so; excluded: errors that an exclusion leaves out.',
  }),
  reading: z
    .enum(READING_NAMES)
    .optional()
    .openapi({ description: 'The reading of `counted`; by default contract.' }),
  blame: z
    .enum(BLAMES)
    .optional()
    .openapi({ description: 'Only those that never arrived through this one’s fault.' }),
  month: z
    .string()
    .regex(MONTH_FORM, 'a month such as 2026-11')
    .optional()
    .openapi({ description: 'Only those of the service period of this month of the agreement.' }),
  task: writtenName(200).optional(),
  word: writtenName(64).optional(),
  budget: writtenName(64).optional(),
  ...range,
  ...page,
});
export const budgetsQuery = z.strictObject({
  summary: yes.openapi({
    type: 'boolean',
    description: `Of a budget with "per" the ${PER_ROWS_MAX} most used rows.`,
  }),
});
export const budgetLimitsQuery = z.strictObject({ from: instant, to: instant });
export const routesQuery = z.strictObject(range);
export const holdsQuery = z.strictObject({
  state: z.enum(['held', 'settled', 'released', 'written_off']).optional(),
  inDoubt: flag.optional(),
  app: label.optional(),
  tag: orNone,
  operation: z.enum(OPERATIONS).optional(),
  model: orNone,
  mode: modeOrNone,
  counted: yes.openapi({
    type: 'boolean',
    description: 'Only those that usage counts: without creates that Kling refused or never got.',
  }),
  ended: yes.openapi({ type: 'boolean', description: 'Only those that have ended.' }),
  counter: writtenName(COUNTER_CHARACTERS_MAX).optional().openapi({
    type: 'string',
    description: 'Only those that count on this counter: a budget’s counterId.',
  }),
  pool: label.optional().openapi({
    type: 'string',
    description: 'Only those that have slots of this pool now: video, image or a model.',
  }),
  spent: yes.openapi({ type: 'boolean', description: 'Only those that cost something.' }),
  ...range,
  ...page,
});

export const USAGE_KEYS = ['app', 'operation', 'model', 'mode', 'tag', 'day', 'month'] as const;
export type UsageKey = (typeof USAGE_KEYS)[number];
export const usageQuery = z.strictObject({
  by: z
    .string()
    .transform((text, ctx) => {
      const keys = z.array(z.enum(USAGE_KEYS)).min(1).safeParse(text.split(','));
      if (keys.success) return [...new Set(keys.data)];
      ctx.addIssue({ code: 'custom', message: `some of ${USAGE_KEYS.join(', ')}, separated by commas` });
      return z.NEVER;
    })
    .optional()
    .openapi({ type: 'string', example: 'app,model' }),
  app: label.optional(),
  operation: label.optional(),
  model: label.optional(),
  tag: label.optional(),
  month: z.string().regex(MONTH_FORM, 'a month such as 2026-11').optional().openapi({ example: '2026-11' }),
  timeZone: ianaZone.default('UTC').openapi({ description: 'The zone of days and months: an IANA zone.' }),
  ...range,
  ...page,
});
export const auditQuery = z.strictObject({
  actor: writtenName(ACTOR_CHARACTERS_MAX).optional(),
  action: label.optional().openapi({ type: 'string', example: 'budget.raise' }),
  subject: writtenName(500).optional().openapi({ type: 'string', description: 'Of what, such as a budget.' }),
  ...range,
  ...page,
});
export const queueQuery = z.strictObject(page);

export const budgetParams = z.object({ name: z.string().min(1).max(64) });
export const idParams = z.object({ id: z.string().min(1).max(200) });
export const holdParams = z.object({
  id: z.string().min(1).max(200),
  action: z.enum(['release', 'write-off']),
});

/** Text that somebody wrote for people, of at most `max` characters. */
export function writtenText(max: number): z.ZodString {
  return z.string().overwrite(storableText).trim().min(1).max(max);
}

/** Reason and actor: the audit keeps both. */
export const reasonField = writtenText(500);
export const actorField = z
  .string()
  .trim()
  .min(1)
  .max(ACTOR_CHARACTERS_MAX)
  .transform(plainActor)
  .optional()
  .openapi({ type: 'string', description: 'Who orders it; if absent, the header x-kling-sidecar-actor.' });
const because = { reason: reasonField, actor: actorField };
export const reasonBody = z.strictObject(because).openapi('ReasonBody');
/** For orders that move no money the reason is optional. */
export const orderBody = z
  .strictObject({ reason: reasonField.default('none given'), actor: actorField })
  .openapi('OrderBody');
export const raiseBody = z
  .strictObject({
    byCredits: z.number().min(0.001).max(1_000_000_000).multipleOf(0.001),
    until: instant,
    ...because,
  })
  .openapi('RaiseBody');
export const estimateBody = z
  .strictObject({
    requests: z
      .array(z.strictObject({ path: z.string().min(1).max(500), body: z.record(z.string(), z.unknown()) }))
      .min(1)
      .max(ESTIMATE_REQUESTS_MAX),
    app: label.optional(),
    tag: label.optional(),
  })
  .openapi('EstimateBody');

export type TasksQuery = z.output<typeof tasksQuery>;
export type CallsQuery = z.output<typeof callsQuery>;
export type RoutesQuery = z.output<typeof routesQuery>;
export type HoldsQuery = z.output<typeof holdsQuery>;
export type UsageQuery = z.output<typeof usageQuery>;
export type AuditQuery = z.output<typeof auditQuery>;
export type QueueQuery = z.output<typeof queueQuery>;

/** Reads an instant: digits are milliseconds, a bare day begins at midnight UTC, a time must name its zone. */
export function toInstant(text: string): number | null {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)) return null;
  const day = text.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // `Date.parse` reads 30 February as 2 March.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return null;
  const at = text === day ? midnight : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
