/** Common parts of the descriptions of routes, and the two kinds of route that most are. */
import { createRoute, type OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi';
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

/** A body with the name of who orders the change. */
export type Signed<B> = Omit<B, 'actor'> & { actor: string };

/** Gives the actor of a change: from the body, else from the request's header, else a general name for callers of this API. */
export function signed<B extends { actor?: string | undefined }>(
  { env }: { env: Passed },
  body: B,
): Signed<B> {
  return { ...body, actor: body.actor ?? env.actor ?? 'control-api' };
}

/** Parameters or a query; undefined if a route has none. */
type Shape = z.ZodObject | undefined;
type Values<S> = S extends z.ZodType ? z.output<S> : undefined;

interface Described<P extends Shape, A extends z.ZodType> {
  path: string;
  summary: string;
  params?: P;
  /** The answer's schema, and one sentence that says what it is. */
  answer: A;
  says: string;
}

/** A route that reads. */
interface Question<P extends Shape, Q extends Shape, A extends z.ZodType> extends Described<P, A> {
  query?: Q;
}

/** A route that changes something: it asks for the control token, and its body says who orders the change. */
interface Order<P extends Shape, B extends z.ZodType, A extends z.ZodType> extends Described<P, A> {
  method: 'post' | 'delete';
  body: B;
}

/** What the schemas of a route made of a request. */
interface Valid {
  valid(target: 'param' | 'query' | 'json'): unknown;
}

/** Describes a route that reads. */
export function describeQuestion<
  A extends z.ZodType,
  P extends Shape = undefined,
  Q extends Shape = undefined,
>(described: Question<P, Q, A>): Question<P, Q, A> {
  return described;
}

/** Describes a route that changes something. */
export function describeOrder<
  B extends z.ZodType<{ actor?: string | undefined }>,
  A extends z.ZodType,
  P extends Shape = undefined,
>(described: Order<P, B, A>): Order<P, B, A> {
  return described;
}

/** Adds a route that reads; `handle` gets the checked parameters and query, and gives the body of the answer 200. */
export function addQuestion<A extends z.ZodType, P extends Shape, Q extends Shape>(
  app: App,
  { path, summary, params, query, answer, says }: Question<P, Q, A>,
  handle: (asked: { params: Values<P>; query: Values<Q> }) => Promise<z.input<A>>,
): void {
  const request = { ...(params && { params }), ...(query && { query }) };
  const route: RouteConfig = {
    method: 'get',
    path,
    summary,
    ...(Object.keys(request).length > 0 && { request }),
    responses: answers(answer, says),
  };
  app.openapi(createRoute(route), async (context) => {
    const { req }: { req: Valid } = context;
    const asked = { params: params && req.valid('param'), query: query && req.valid('query') };
    const found = await handle(asked as { params: Values<P>; query: Values<Q> });
    return context.json(found as object, 200);
  });
}

/** Adds a route that changes something; `handle` gets the body with its actor, and the checked parameters. */
export function addOrder<
  B extends z.ZodType<{ actor?: string | undefined }>,
  A extends z.ZodType,
  P extends Shape,
>(
  app: App,
  { method, path, summary, params, body, answer, says }: Order<P, B, A>,
  handle: (ordered: Signed<z.output<B>>, params: Values<P>) => Promise<z.input<A>>,
): void {
  const route: RouteConfig = {
    method,
    path,
    summary,
    security: TOKEN,
    request: { ...(params && { params }), body: jsonBody(body) },
    responses: answers(answer, says),
  };
  app.openapi(createRoute(route), async (context) => {
    const { req }: { req: Valid } = context;
    const ordered = signed(context, req.valid('json') as z.output<B>);
    const done = await handle(ordered, (params && req.valid('param')) as Values<P>);
    return context.json(done as object, 200);
  });
}
