/** The shapes of calls and refusals; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';
import { credits, instant, paged } from './schema-parts.ts';
import { CALL_OUTCOMES } from '../words.ts';

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
export const callsAnswer = z.object({ calls: z.array(call), ...paged }).openapi('CallsAnswer');
export const refusalsAnswer = z.object({ calls: z.array(refusal), ...paged }).openapi('RefusalsAnswer');

export type CallsAnswer = z.infer<typeof callsAnswer>;
export type RefusalsAnswer = z.infer<typeof refusalsAnswer>;
