/** Answers `/livez` and `/readyz` without the API's code: an orchestrator that waits for a start asks nothing else. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ControlCommands } from './commands.ts';

export interface HealthAnswer {
  status: 200 | 503;
  body: { ready: boolean; reasons: string[] };
}

/** Returns whether a request reads `/livez` or `/readyz`; other spellings of these paths are the API's. */
export function isHealthRead(request: IncomingMessage): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && ['/livez', '/readyz'].includes(pathOf(request));
}

/** Gives the received path without its query. */
export function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

/** Gives the answer of `/readyz`: 503 with the reasons while the sidecar cannot do its work. */
export function readinessAnswer(commands: Pick<ControlCommands, 'readiness'>): HealthAnswer {
  const { ready, reasons } = commands.readiness();
  return { status: ready ? 200 : 503, body: { ready, reasons: [...reasons] } };
}

/** Answers a request for which {@link isHealthRead} is true. */
export function answerHealth(
  request: IncomingMessage,
  response: ServerResponse,
  commands: Pick<ControlCommands, 'readiness'>,
): void {
  const { status, body } =
    pathOf(request) === '/readyz' ? readinessAnswer(commands) : { status: 200, body: { status: 'ok' } };
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}
