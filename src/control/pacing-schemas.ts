/** The shapes of pacing in the control plane's JSON: pools, and who waits in the queue. */
import { z } from '@hono/zod-openapi';

const instant = z.iso.datetime().describe('ISO 8601 in UTC.');

/** A pool of `GET /v1/status`. */
export const pool = z.object({
  name: z.string().describe('`video`, `image` or a model.'),
  inUse: z.int().describe('Slots of open tasks, with those of tasks that are not ours.'),
  elsewhere: z.int().describe('Slots of open tasks of the account that are not ours, by Kling’s own list.'),
  limit: z.int().nullable().describe('Null for a pool without a limit, which pauses or lets creates wait.'),
  source: z
    .enum(['config', 'pack', 'tier', 'learned'])
    .nullable()
    .describe('Who says the limit: limits.concurrency, the account’s packs, limits.tier, or Kling’s 1303.'),
  queued: z.int(),
  pausedUntil: instant.nullable().describe('Until when it sends nothing; null while it sends.'),
});

/** The breaker of `GET /v1/status`. */
export const breaker = z.object({
  open: z.boolean().describe('Whether creates are refused at once.'),
  failures: z.int().describe('Attempts at creates in a row that failed, up to now.'),
  since: instant.nullable().describe('When the first of them ended.'),
  cause: z.string().nullable().describe('The last failure.'),
  nextProbeAt: instant
    .nullable()
    .describe('When the next create is sent; null if it is closed, or while one is at Kling.'),
});

/** A stop of `GET /v1/status`. */
export const stop = z.object({
  code: z.int(),
  message: z.string().describe('Kling’s words, or the meaning of the code.'),
  product: z.enum(['video', 'image']).nullable().describe('Set for code 1102.'),
  operation: z.string().nullable().describe('Set for code 1103, with `model`.'),
  model: z.string().nullable(),
  since: instant,
  nextProbeAt: instant.nullable().describe('When the next create is sent; null while one is at Kling.'),
});

/** A create that waits. */
export const waitingCreate = z
  .object({
    position: z.int().describe('1 leaves first of its product, videos or images.'),
    app: z.string(),
    operation: z.string(),
    pool: z.string().describe('The pool that it waits for.'),
    since: instant,
    waitedSeconds: z.number().describe('How long it has waited.'),
    estimatedWaitSeconds: z.number().describe('An estimate of the rest of its wait.'),
  })
  .openapi('WaitingCreate');
