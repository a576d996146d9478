/** One HTTP listener of the control plane: limits, security headers, start and a bounded stop. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import { knownProblem, unexpectedProblem, type Problem } from './problem.ts';

export interface ListenerOptions {
  /** The config key in messages: `control` or `probes`. */
  name: string;
  host: string;
  port: number;
  log: Log;
  clock: Clock;
  /** Answers a request, or throws what {@link knownProblem} knows. */
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
}

export interface Listener {
  /** Gives the port in use. @throws SidecarError `config_invalid` where the address cannot be had. */
  start(): Promise<number>;
  /** Waits for open answers a moment, then cuts them off. Idempotent. */
  stop(): Promise<void>;
}

const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 30_000;
const KEEP_ALIVE_MS = 5000;
const CONNECTIONS_MAX = 256;
const STOP_MS_MAX = 2000;

/** No page may frame, script or cache what is answered here. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Makes a listener that is not yet listening. */
export function createListener(options: ListenerOptions): Listener {
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // A missing Host is answered by our own rule, with our own shape.
      requireHostHeader: false,
    },
    (request, response) => void serve(options, request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  let stopping: Promise<void> | null = null;
  return {
    start: () => listen(server, options),
    stop: () => (stopping ??= stop(server, options.clock)),
  };
}

async function serve(
  options: ListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  try {
    await options.answer(request, response);
  } catch (error) {
    const problem = knownProblem(error);
    if (!problem) options.log.error('the control plane failed to answer', { error, url: request.url });
    sendProblem(request, response, problem ?? unexpectedProblem());
  }
}

function sendProblem(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What is left of a refused body is not read.
  if (!request.complete) response.setHeader('connection', 'close');
  if (problem.status === 401) response.setHeader('www-authenticate', 'Bearer');
  response.writeHead(problem.status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify(problem));
}

function listen(server: Server, { name, host, port }: ListenerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is taken by another program' : `failed with ${cause.code}`;
      const message = `${name}: listening on ${host} port ${port} ${why}; choose another ${name}.port or host.`;
      reject(new SidecarError('config_invalid', message, { cause }));
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function stop(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    const cut = clock.after(STOP_MS_MAX, () => server.closeAllConnections());
    server.close(() => {
      cut.cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Writes a listener's address as people open it: a wildcard as loopback, IPv6 in brackets. */
export function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
