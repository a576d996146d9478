/** Common parts of the descriptions of routes. */
import { type z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Passed } from './guard.ts';
import { problem } from './schemas.ts';

export type App = OpenAPIHono<{ Bindings: Passed }>;

/** Marks in /openapi.json that a route asks for the control token. */
export const TOKEN = [{ controlToken: [] }];

/** A JSON answer with status 200, or problem details with any other. */
export function answers<S extends z.ZodType>(schema: S, description: string) {
  return {
    200: { description, content: { 'application/json': { schema } } },
    default: { description: 'The problem.', content: { 'application/problem+json': { schema: problem } } },
  } as const;
}

/** A JSON body that is required. */
export function jsonBody<S extends z.ZodType>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } } as const;
}

/** Gives the actor of a change: from the body, else from the request's header, else a general name for callers of this API. */
export function signed<B extends { actor?: string | undefined }>(
  { env }: { env: Passed },
  body: B,
): Omit<B, 'actor'> & { actor: string } {
  return { ...body, actor: body.actor ?? env.actor ?? 'control-api' };
}
