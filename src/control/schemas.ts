/**
 * The shapes of the control plane's JSON: one source for the types, the checks of the input, and /openapi.json.
 *
 * **Invariant**: field names never change (README): fields may be added, never renamed or
 * dropped. Credits are decimal numbers with at most three places; times are ISO 8601 in UTC.
 */
import { z } from '@hono/zod-openapi';
import { RULE_WORDS } from '../alerts/rule-words.ts';
import { PER_ROWS_MAX } from '../budget/budget-table.ts';
import { adoptionStatus } from './adoption-schemas.ts';
import { callbackStatus, resultStatus } from './delivery-schemas.ts';
import { budget } from './budget-schemas.ts';
import { breaker, pool, stop, waitingCreate } from './pacing-schemas.ts';
import { taskRetries } from './retry-schemas.ts';
import { credits, instant, mode, operation, paged, searched } from './schema-parts.ts';
import { CALL_OUTCOMES } from '../words.ts';

const holdState = z.enum(['held', 'settled', 'released', 'written_off']);

export const problem = z
  .object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string(), word: z.string() })
  .openapi('Problem');

export const liveness = z.object({ status: z.literal('ok') }).openapi('Liveness');
export const readiness = z.object({ ready: z.boolean(), reasons: z.array(z.string()) }).openapi('Readiness');

const freezeState = z.object({ reason: z.string(), actor: z.string(), since: instant });
export const freezeAnswer = z
  .object({ frozen: z.boolean(), freeze: freezeState.nullable() })
  .openapi('FreezeAnswer');

export const alertSeverity = z.enum(['page', 'ticket', 'info']);
const alertsStatus = z.object({
  firing: z
    .array(z.object({ rule: z.enum(RULE_WORDS), severity: alertSeverity, title: z.string(), since: instant }))
    .describe('The most severe ones, at most 20.'),
  firingCount: z.int(),
  channels: z.array(
    z.object({ name: z.string(), waiting: z.int(), undelivered: z.int(), lastError: z.string().nullable() }),
  ),
});

export const statusAnswer = z
  .object({
    version: z.string(),
    mode: z.enum(['protect', 'observe']),
    environment: z.string(),
    upstream: z.string(),
    account: z
      .string()
      .nullable()
      .describe(
        'The account of the credentials in use, by a name that shows nothing of the key; null if no sidecar runs.',
      ),
    frozen: z.boolean(),
    freeze: freezeState.nullable(),
    uptimeSeconds: z.number().describe('0 if no sidecar runs.'),
    pid: z.int().nullable().describe('The running process; null if there is none.'),
    budgets: z
      .array(budget)
      .describe(`Of a budget with "per" the ${PER_ROWS_MAX} most used rows; /v1/budgets has all.`),
    pools: z.array(pool).describe('Pools that have a limit, pause, or let creates wait.'),
    breaker: breaker.describe('Open while the last creates failed at Kling.'),
    stops: z.array(stop).describe('Parts of the account for which Kling refuses every create.'),
    inDoubtHolds: z.int(),
    inDoubtCredits: credits,
    oldestDoubtSince: instant.nullable(),
    openHolds: z.int(),
    adoption: adoptionStatus,
    heldElsewhere: z
      .array(z.object({ upstream: z.string(), holds: z.int(), credits }))
      .describe('Open holds of upstreams that are not in use.'),
    heldCredits: credits,
    taskRetries,
    openTasks: z.array(
      z.object({
        product: z.enum(['video', 'image']),
        state: z.enum(['submitted', 'processing']),
        tasks: z.int(),
        stuck: z.int(),
        ages: z
          .array(z.object({ from: instant.nullable(), to: instant.nullable(), tasks: z.int() }))
          .describe(
            'The same tasks by the time at which they were made, the youngest first; `from` is inclusive and `to` exclusive. ' +
              'The ages (5 minutes, 15 minutes, 1 hour, 6 hours, 1 day) are counted from the start of the present minute.',
          ),
      }),
    ),
    lastHour: z
      .object({
        from: instant.describe('The start of the first window of five minutes in it.'),
        calls: z
          .array(z.object({ outcome: z.enum(CALL_OUTCOMES), calls: z.int() }))
          .describe('Attempts at Kling by outcome.'),
        failedTasks: z.object({
          tasks: z.int(),
          from: instant.describe('Of the creates since then: of the newest 1,000 at most.'),
        }),
        refused: z.int().describe('Requests that the sidecar refused: at most the newest 10,000 are known.'),
      })
      .describe('What happened since an hour ago, and what failed of it.'),
    alerts: alertsStatus.describe('Firing alerts, and whether they are delivered.'),
    clockOffsetMs: z.number().nullable().describe('Kling’s clock less ours; null before the first answer.'),
    kling: z
      .object({
        credentials: z.enum(['unknown', 'accepted', 'refused']),
        refusal: z.object({ code: z.int(), message: z.string(), since: instant }).nullable(),
        unreachable: z.object({ errorClass: z.string(), cause: z.string(), since: instant }).nullable(),
        lastAnswer: z
          .object({ at: instant, status: z.int(), code: z.int().nullable() })
          .nullable()
          .describe(
            'Kling’s last answer to any call: HTTP status and Kling’s own code; null: none since the start.',
          ),
      })
      .describe('The result of the last calls: whether Kling accepts the credentials, and can be reached.'),
    metrics: z
      .object({ readAt: instant.nullable() })
      .describe('When /metrics was last read, for example by Prometheus; null: not since the start.'),
    callbacks: callbackStatus.nullable().describe('Null if none are configured.'),
    results: resultStatus.nullable().describe('Null if no files are kept.'),
    store: z.object({ path: z.string(), bytes: z.int() }),
    wouldHave: z
      .array(z.object({ word: z.string(), count: z.int() }))
      .describe(
        'In observe mode: creates that protect mode would have refused or edited, a row for each word.',
      ),
    wouldHaveSince: instant.nullable().describe('The start of that count; null in protect mode.'),
    wouldHaveBy: z
      .array(
        z.object({
          word: z.string(),
          budget: z.string().nullable(),
          app: z.string(),
          count: z.int(),
          credits: credits.describe('Credits that these creates would have held.'),
        }),
      )
      .describe('The same by word, budget and app. One refusal would often have prevented the next.'),
  })
  .openapi('Status');

export const queueAnswer = z.object({ waiting: z.array(waitingCreate), ...paged }).openapi('QueueAnswer');
const hold = z
  .object({
    id: z.string(),
    state: holdState,
    inDoubt: z.boolean(),
    credits: credits.describe('The held amount.'),
    settledCredits: credits,
    externalTaskId: z.string().nullable(),
    taskId: z.string().nullable(),
    operation,
    model: z.string().nullable(),
    mode,
    app: z.string(),
    tag: z.string().nullable(),
    slots: z.int().describe('Slots that its create takes at Kling: 1 for a video, one for each picture.'),
    createdAt: instant,
    endedAt: instant.nullable(),
    doubtSince: instant.nullable(),
    doubtEvidence: z.string().nullable(),
    lookUps: z.int(),
    upstream: z
      .string()
      .nullable()
      .describe('Host and account that its create went to; null for holds that ended under 0.1.0.'),
    waitsForOperator: z
      .boolean()
      .describe(
        'It cannot be looked up at Kling, or its upstream is not in use: release it or write it off.',
      ),
  })
  .openapi('Hold');
export const holdsAnswer = z.object({ holds: z.array(hold), searched, ...paged }).openapi('HoldsAnswer');
export const holdAnswer = z.object({ hold }).openapi('HoldAnswer');
export const clockAnswer = z
  .object({
    clockOffsetMs: z
      .number()
      .nullable()
      .describe('The accepted difference; null if Kling’s answers show no time.'),
  })
  .openapi('ClockAnswer');
export const clockResetAnswer = z
  .object({
    wasReset: z.boolean().describe('False if no hold had a later date than the present.'),
    datedFrom: instant.describe('New holds get dates from here on.'),
    wasDatedTo: instant.nullable(),
    futureHolds: z.object({
      count: z.int(),
      credits: credits.describe('Held or settled; they count in the windows of their own dates.'),
      holds: z
        .array(z.object({ id: z.string(), createdAt: instant, credits, state: holdState }))
        .describe('The earliest hundred.'),
    }),
  })
  .openapi('ClockResetAnswer');
export type ClockResetAnswer = z.infer<typeof clockResetAnswer>;

export const reloadAnswer = z
  .object({
    changed: z.array(z.string()).describe('Every key of the config whose value differs.'),
    needRestart: z.array(z.string()).describe('Those of them that need a restart.'),
  })
  .openapi('ReloadAnswer');
export const stopAnswer = z
  .object({
    pid: z.int().describe('The process that ends.'),
    drainMs: z.number().describe('The longest time for the end of requests in flight, in milliseconds.'),
  })
  .openapi('StopAnswer');

export const estimateAnswer = z
  .object({
    totalCredits: credits.describe('The amount that would be held for all of them.'),
    fits: z.boolean().describe('Whether all of them fit every matching enforcing budget.'),
    fitsCount: z.int().describe('Length of the longest prefix that fits.'),
    fitsIfStandard: z.boolean().describe('Whether all would fit in mode std.'),
    totalCreditsIfStandard: credits,
    requests: z.array(
      z.object({
        credits: credits.nullable().describe('Null if no price exists.'),
        heldCredits: credits.describe('The amount that would be held, also if no price exists.'),
        basis: z.enum(['exact', 'assumed', 'unknown']),
        notes: z.array(z.string()).describe('What is unsure about the price; empty for an exact one.'),
        refusal: z.string().nullable().describe('Why another rule than a budget would refuse this request.'),
      }),
    ),
    budgets: z.array(
      z.object({
        name: z.string(),
        remainingCredits: credits,
        neededCredits: credits,
        fits: z.boolean(),
      }),
    ),
  })
  .openapi('EstimateAnswer');

const auditRow = z
  .object({
    id: z.string(),
    at: instant,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    before: z.string().nullable(),
    after: z.string().nullable(),
    reason: z.string(),
  })
  .openapi('AuditRow');
export const auditAnswer = z.object({ audit: z.array(auditRow), ...paged }).openapi('AuditAnswer');

export type StatusAnswer = z.infer<typeof statusAnswer>;
export type FreezeAnswer = z.infer<typeof freezeAnswer>;
export type QueueAnswer = z.infer<typeof queueAnswer>;
export type HoldsAnswer = z.infer<typeof holdsAnswer>;
export type HoldAnswer = z.infer<typeof holdAnswer>;
export type ReloadAnswer = z.infer<typeof reloadAnswer>;
export type StopAnswer = z.infer<typeof stopAnswer>;
export type EstimateAnswer = z.infer<typeof estimateAnswer>;
export type AuditAnswer = z.infer<typeof auditAnswer>;
