/** The description of `GET /v1/results/{task}/{n}` in /openapi.json; the plane answers it without Hono (`result-files.ts`). */
import { z } from '@hono/zod-openapi';
import type { App } from './route-parts.ts';
import { problem } from './schemas.ts';

const params = z.object({
  task: z.string(),
  n: z.string().describe('From 1; an extension may follow, such as 1.mp4.'),
});
const query = z.object({
  expires: z.string().optional(),
  token: z
    .string()
    .optional()
    .describe('The permission of an address from results.url: no control token is needed then.'),
});
const file = { schema: z.string().openapi({ format: 'binary' }) };

/** Describes the route of kept results. */
export function describeResultRoute(app: App): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/v1/results/{task}/{n}',
    summary: 'A kept result: the bytes of a file, whole or a range',
    request: { params, query },
    responses: {
      200: { description: 'The file.', content: { 'application/octet-stream': file } },
      206: { description: 'The range of it.', content: { 'application/octet-stream': file } },
      304: { description: 'The caller has it.' },
      default: { description: 'The problem.', content: { 'application/problem+json': { schema: problem } } },
    },
  });
}
