/** The control plane's routes on Hono, and the OpenAPI document made of them. */
import { RequestError } from '@hono/node-server';
import { OpenAPIHono, type z } from '@hono/zod-openapi';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { ControlCommands } from './commands.ts';
import { tokenRequired, type Passed } from './guard.ts';
import { addAlertRoutes } from './alert-routes.ts';
import { addClaimRoutes } from './claim-routes.ts';
import { addChecklistRoutes } from './checklist-routes.ts';
import { addConfigRoutes } from './config-routes.ts';
import { addJobRoutes } from './job-routes.ts';
import { addHealthRoutes } from './health-routes.ts';
import { addMoneyRoutes } from './money-routes.ts';
import { addOrderRoutes } from './order-routes.ts';
import { knownProblem, PlaneRefusal, problemAnswer, unexpectedProblem, type Problem } from './problem.ts';
import { describeResultRoute } from './result-routes.ts';
import type { App } from './route-parts.ts';
import { addPackRoutes } from './pack-routes.ts';
import { addReconcileRoutes } from './reconcile-routes.ts';
import { addSlaRoutes } from './sla-routes.ts';
import { addSuggestRoutes } from './suggest-routes.ts';
import { addWorkRoutes } from './work-routes.ts';

export interface ApiOptions {
  commands: ControlCommands;
  telemetry: Pick<Telemetry, 'metricsText'>;
  version: string;
  log: Log;
}

/** Answers requests that the guard let through. */
export interface Api {
  /** Without `passed` the caller is the operator: a command that reads its own store. */
  fetch(request: Request, passed?: Passed): Response | Promise<Response>;
  /** Returns whether a path is below one of ours, such as `/v1/tasks`. */
  owns(path: string): boolean;
}

/** Makes the API with all its routes. */
export function createApi({ commands, telemetry, version, log }: ApiOptions): Api {
  const app: App = new OpenAPIHono<{ Bindings: Passed }>({
    defaultHook: (result) => {
      if (!result.success) throw new PlaneRefusal('bad_request', describeIssues(result.target, result.error));
    },
  });
  app.onError((error) => answerError(error, log));
  app.notFound(() => {
    throw new PlaneRefusal('not_found', 'There is nothing at this path; GET /openapi.json lists all paths.');
  });
  app.use('/v1/audit', async (context, next) => {
    if (!context.env.isOperator) throw tokenRequired();
    await next();
  });
  addHealthRoutes(app, commands, telemetry);
  addWorkRoutes(app, commands);
  describeResultRoute(app);
  addMoneyRoutes(app, commands);
  addPackRoutes(app, commands);
  addSuggestRoutes(app, commands);
  addReconcileRoutes(app, commands);
  addOrderRoutes(app, commands);
  addSlaRoutes(app, commands);
  addClaimRoutes(app, commands);
  addAlertRoutes(app, commands);
  addJobRoutes(app, commands);
  addConfigRoutes(app, commands);
  addChecklistRoutes(app, commands);
  app.openAPIRegistry.registerComponent('securitySchemes', 'controlToken', {
    type: 'http',
    scheme: 'bearer',
  });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'kling-sidecar control plane', version },
  });
  const own = new Set(app.routes.map(({ path }) => topOf(path)));
  return {
    fetch: (request, passed = { isOperator: true }) => app.fetch(request, passed),
    owns: (path) => own.has(topOf(path)),
  };
}

/** Gives the part of a path that identifies its route: `/v1/tasks` of `/v1/tasks/871`, `/metrics` of itself. */
function topOf(path: string): string {
  return path.split('/', path.startsWith('/v1/') ? 3 : 2).join('/');
}

/** Gives problem details for any thrown value; unexpected ones are logged. */
export function answerError(error: unknown, log: Log): Response {
  const known = knownProblem(error) ?? malformed(error);
  if (!known) log.error('the control plane failed to answer', { event: 'control_failed', error });
  return problemAnswer(known ?? unexpectedProblem());
}

/** Refusals of Hono and its adapter: a body that is no JSON, a target that is no URL. */
function malformed(error: unknown): Problem | null {
  const isBody = error instanceof Error && 'status' in error && error.status === 400;
  if (!isBody && !(error instanceof RequestError)) return null;
  const what = isBody ? 'The body is not valid JSON.' : 'The request target or Host is not valid.';
  return new PlaneRefusal('bad_request', what).problem;
}

function describeIssues(target: string, error: z.ZodError): string {
  const where = target === 'json' ? 'body' : target;
  const issues = error.issues.slice(0, 5).map((issue) => {
    const path = issue.path.map(String).join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
  return `The ${where} is not as expected: ${issues.join('; ')}.`;
}
