/** `/livez`, `/readyz` and `/metrics`: what orchestrators and Prometheus ask for. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { ControlCommands } from './commands.ts';
import { readinessAnswer } from './health.ts';
import { answers, type App } from './route-parts.ts';
import { liveness, readiness } from './schemas.ts';

/** The Prometheus text format's own media type. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const livez = createRoute({
  method: 'get',
  path: '/livez',
  summary: 'Whether the process answers at all',
  responses: answers(liveness, 'It does.'),
});
const readyz = createRoute({
  method: 'get',
  path: '/readyz',
  summary: 'Whether the sidecar can do its work; never false because of Kling or a budget',
  responses: {
    200: { description: 'Ready.', content: { 'application/json': { schema: readiness } } },
    503: { description: 'Not ready, and why.', content: { 'application/json': { schema: readiness } } },
  },
});
const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  summary: 'All metrics in the Prometheus text format',
  responses: { 200: { description: 'Metrics.', content: { 'text/plain': { schema: z.string() } } } },
});

/** Adds the routes of health and metrics. */
export function addHealthRoutes(
  app: App,
  commands: ControlCommands,
  telemetry: Pick<Telemetry, 'metricsText'>,
): void {
  app.openapi(livez, (context) => context.json({ status: 'ok' as const }, 200));
  app.openapi(readyz, (context) => {
    const { status, body } = readinessAnswer(commands);
    return context.json(body, status);
  });
  app.openapi(metrics, async (context) =>
    context.text(await telemetry.metricsText(), 200, { 'content-type': METRICS_TYPE }),
  );
}
