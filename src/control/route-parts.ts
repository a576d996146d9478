/** Pieces that the descriptions of routes share. */
import { type z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Passed } from './guard.ts';
import { problem } from './schemas.ts';

export type App = OpenAPIHono<{ Bindings: Passed }>;

/** Says in /openapi.json that a route asks for the control token. */
export const TOKEN = [{ controlToken: [] }];

/** A JSON answer with status 200, or problem details with any other. */
export function answers<S extends z.ZodType>(schema: S, description: string) {
  return {
    200: { description, content: { 'application/json': { schema } } },
    default: { description: 'What is wrong.', content: { 'application/problem+json': { schema: problem } } },
  } as const;
}

/** A JSON body that must be there. */
export function jsonBody<S extends z.ZodType>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } } as const;
}

/** Says who orders a change: the body, else the request's header, else it was some caller of this API. */
export function signed<B extends { actor?: string | undefined }>(
  { env }: { env: Passed },
  body: B,
): Omit<B, 'actor'> & { actor: string } {
  return { ...body, actor: body.actor ?? env.actor ?? 'control-api' };
}
