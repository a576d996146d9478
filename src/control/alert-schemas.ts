/** The shapes of questions, orders and answers about alerts. */
import { z } from '@hono/zod-openapi';
import { CHANNEL_TYPES } from '../alerts/channel.ts';
import { CONFIGURED_RULES } from '../alerts/rules-config.ts';
import { RULE_WORDS } from '../alerts/rule-words.ts';
import { label } from '../fields.ts';
import type { Ms } from '../units.ts';
import { actorField, instant as instantText, reasonField } from './questions.ts';
import { instant } from './schema-parts.ts';
import { alertSeverity as severity } from './schemas.ts';

const alert = z
  .object({
    rule: z.enum(RULE_WORDS),
    kind: z.enum(['condition', 'notice', 'period']),
    severity,
    labels: z.record(z.string(), z.string()).describe('The subject, such as a budget’s name.'),
    period: z.string().nullable().describe('The window or month that it is about; null for conditions.'),
    fingerprint: z.string().describe('Equal for each occurrence of the same alert.'),
    title: z.string().describe('One line: the problem.'),
    finding: z.string(),
    advice: z.string().describe('The next step; empty if there is nothing to do.'),
    runbookUrl: z.string(),
    startedAt: instant,
    endedAt: instant.nullable().describe('Null while it fires, and for notices, which have no end.'),
    sentAt: instant
      .nullable()
      .describe('When an event of it was last given to its channels; null if it was kept back so far.'),
    keptBack: z
      .string()
      .nullable()
      .describe('Why it is not sent, such as a silence of its rule; null if it is sent.'),
  })
  .openapi('Alert');

const silence = z
  .object({
    rule: z.enum(RULE_WORDS),
    until: instant.describe('Exclusive.'),
    reason: z.string(),
    actor: z.string(),
    at: instant.describe('When it was ordered.'),
  })
  .openapi('Silence');

const channel = z
  .object({
    name: z.string(),
    type: z.enum(CHANNEL_TYPES).nullable().describe('Null for a channel that is no longer in the config.'),
    waiting: z.int().describe('Events that it has not taken yet.'),
    oldestAt: instant.nullable().describe('The instant of the oldest of them.'),
    undelivered: z.int().describe('Undelivered messages among those that are still kept.'),
    lastError: z.string().nullable().describe('Its last answer to a message that it did not take.'),
    lastErrorAt: instant.nullable(),
    lastDeliveredAt: instant.nullable(),
    lastTestAt: instant.nullable(),
    lastTestError: z.string().nullable().describe('Null if the last test was taken, or none was made.'),
  })
  .openapi('AlertChannel');

const language = z.enum(['en', 'zh']).optional().openapi({
  description: 'The language of title, finding and advice; absent: `alerts.language` of the config.',
});

export const alertsQuery = z.strictObject({
  language,
  limit: z.coerce
    .number()
    .pipe(z.int().min(1).max(1000))
    .default(100)
    .openapi({ type: 'integer', minimum: 1, maximum: 1000, default: 100 }),
});
export const alertsAnswer = z
  .object({
    firing: z.array(alert).describe('Most severe first, then oldest; at most `limit`.'),
    firingCount: z.int().describe('The number of all firing alerts.'),
    recent: z.array(alert).describe('Notices, and alerts that are over: newest first, at most `limit`.'),
    silences: z.array(silence).describe('Those in force, by rule.'),
    channels: z.array(channel).describe('By name.'),
  })
  .openapi('AlertsAnswer');

export const testBody = z
  .strictObject({
    channel: label.optional().openapi({ description: 'All channels if absent.' }),
    reason: reasonField.default('a test'),
    actor: actorField,
  })
  .openapi('AlertTestBody');
export const testAnswer = z
  .object({
    message: z.string().describe('What came of it, in one line.'),
    results: z.array(
      z.object({
        channel: z.string(),
        type: z.enum(CHANNEL_TYPES).nullable(),
        ok: z.boolean(),
        error: z.string().nullable().describe('Why the channel did not take the message.'),
      }),
    ),
  })
  .openapi('AlertTestAnswer');

const DURATION_MS_MIN: Ms = 60_000;
const DURATION_MS_MAX: Ms = 90 * 86_400_000;
const DURATION_ALLOWED = 'from 1m to 90d, such as 45m, 2h, 1d12h';

/** Reads a duration such as `2h` or `1d12h`; null if it is none, or not from a minute to 90 days. */
export function toDuration(text: string): Ms | null {
  const parts = /^(?=\d)(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?$/.exec(text);
  if (!parts) return null;
  const [days, hours, minutes] = parts.slice(1).map((part) => Number(part ?? 0));
  const ms = (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60_000;
  return ms >= DURATION_MS_MIN && ms <= DURATION_MS_MAX ? ms : null;
}

const duration = z
  .string()
  .transform((text, ctx) => {
    const ms = toDuration(text);
    if (ms !== null) return ms;
    ctx.addIssue({ code: 'custom', message: DURATION_ALLOWED });
    return z.NEVER;
  })
  .openapi({ type: 'string', example: '2h', description: `How long: ${DURATION_ALLOWED}.` });

export const silenceBody = z
  .strictObject({
    rule: z.enum(CONFIGURED_RULES),
    for: duration.optional(),
    until: instantText.optional(),
    reason: reasonField,
    actor: actorField,
  })
  .superRefine((body, ctx) => {
    if ((body.for === undefined) !== (body.until === undefined)) return;
    ctx.addIssue({ code: 'custom', message: 'exactly one of "for" and "until" is needed' });
  })
  .openapi('SilenceBody');
export const silenceParams = z.object({ rule: z.enum(CONFIGURED_RULES) });
export const silencesAnswer = z.object({ silences: z.array(silence) }).openapi('SilencesAnswer');

/** The latest end of a silence after its order: to stop a rule for longer, switch it off in the config. */
export const SILENCE_MS_MAX = DURATION_MS_MAX;

/** Of `GET /v1/status`, which ignores what it does not know. */
export const statusQuery = z.object({ language });

export type AlertAnswer = z.infer<typeof alert>;
export type AlertsAnswer = z.infer<typeof alertsAnswer>;
export type AlertTestAnswer = z.infer<typeof testAnswer>;
export type SilencesAnswer = z.infer<typeof silencesAnswer>;
