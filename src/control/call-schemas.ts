/** The shapes of calls and refusals; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';
import { CALL_OUTCOMES } from '../words.ts';
import { credits, instant, paged, searched } from './schema-parts.ts';

const call = z
  .object({
    id: z.string(),
    at: instant,
    app: z.string(),
    tag: z.string().nullable(),
    method: z.string(),
    route: z.string(),
    status: z.int().nullable(),
    code: z.int().nullable(),
    requestId: z.string(),
    klingRequestId: z.string().nullable(),
    taskId: z.string().nullable(),
    holdId: z.string().nullable(),
    attempt: z.int(),
    outcome: z.enum(CALL_OUTCOMES),
    errorClass: z.string().nullable(),
    durationMs: z.number(),
    overheadMs: z.number(),
    bytesSent: z.int(),
    bytesReceived: z.int(),
    clockOffsetMs: z.number().nullable(),
    origin: z.enum(['app', 'sidecar']),
  })
  .openapi('Call');
const refusal = z
  .object({
    id: z.string(),
    at: instant,
    app: z.string(),
    tag: z.string().nullable(),
    method: z.string(),
    route: z.string(),
    status: z.int(),
    requestId: z.string(),
    word: z.string(),
    message: z.string(),
    credits: credits.nullable(),
    budget: z.string().nullable().describe('The budget that the create would have exceeded.'),
    wouldOnly: z.boolean(),
  })
  .openapi('Refusal');
export const callsAnswer = z
  .object({
    calls: z.array(call),
    searched,
    keptFrom: instant
      .nullable()
      .describe('Earlier calls were dropped: store.callRetentionDays. Null: none were.'),
    ...paged,
  })
  .openapi('CallsAnswer');
export const refusalsAnswer = z.object({ calls: z.array(refusal), ...paged }).openapi('RefusalsAnswer');

const ms = z.number().describe('Milliseconds.');
const routeSums = z
  .object({
    method: z.string(),
    route: z.string(),
    calls: z.int(),
    failed: z
      .int()
      .describe('Kling failed, did not answer or did not get them: server_error, unreachable, no_answer.'),
    refused: z.int().describe('Refused by Kling: client_error.'),
    throttled: z.int(),
    aborted: z.int().describe('Given up by the sidecar or the caller.'),
    durationMs: z
      .object({ p50: ms, p95: ms, p99: ms })
      .nullable()
      .describe('The time at Kling of answered calls; null if none was answered.'),
    overheadMs: z.object({ p50: ms, p99: ms }).describe('The time in the sidecar of all calls.'),
  })
  .openapi('RouteSums');
export const routesAnswer = z
  .object({
    from: instant,
    to: instant,
    summedFrom: instant
      .nullable()
      .describe('If there are more calls than are summed, the newest: the instant of the oldest of them.'),
    routes: z.array(routeSums),
  })
  .openapi('RoutesAnswer');

export type RoutesAnswer = z.infer<typeof routesAnswer>;
export type CallsAnswer = z.infer<typeof callsAnswer>;
export type RefusalsAnswer = z.infer<typeof refusalsAnswer>;
