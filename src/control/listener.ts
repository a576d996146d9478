/** One HTTP listener of the control plane: limits, security headers, start and a bounded stop. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { listenAt, type Listening } from '../listen.ts';
import { drainRequest, ignoreOffer, Seats } from '../sockets.ts';
import type { Log } from '../telemetry/log.ts';
import { knownProblem, unexpectedProblem, type Problem } from './problem.ts';

export interface ListenerOptions {
  /** The config key in messages: `control` or `probes`. */
  name: string;
  hosts: readonly string[];
  port: number;
  log: Log;
  clock: Clock;
  /** Answers a request, or throws an error that {@link knownProblem} converts. */
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
}

export interface Listener {
  /** Gives the addresses and the port in use. @throws SidecarError `config_invalid` if an address cannot be used. */
  start(): Promise<{ hosts: readonly string[]; port: number }>;
  /** Waits a moment for open answers, then closes them. Idempotent. */
  stop(): Promise<void>;
}

const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 30_000;
const KEEP_ALIVE_MS = 5000;
const CONNECTIONS_MAX = 256;
const STOP_MS_MAX = 2000;

/** No page may frame, script or cache these answers. */
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
  const seats = new Seats(CONNECTIONS_MAX);
  const make = (): Server => makeServer(options, seats);
  let listening: Promise<Listening<Server>> | null = null;
  let stopping: Promise<void> | null = null;
  const stopAll = async (): Promise<void> => {
    const { servers } = await (listening ?? Promise.resolve({ servers: [] })).catch(() => ({ servers: [] }));
    await Promise.all(servers.map((server) => stop(server, options.clock)));
  };
  return {
    start: () => (listening ??= listenAt(make, { ...options, setting: `${options.name}.port` })),
    stop: () => (stopping ??= stopAll()),
  };
}

function makeServer(options: ListenerOptions, seats: Seats): Server {
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 5_000,
      // Our own rule answers a missing Host, in our own shape.
      requireHostHeader: false,
    },
    (request, response) => {
      seats.note(request, response);
      ignoreOffer(request, response);
      void serve(options, request, response);
    },
  );
  seats.watch(server);
  return server;
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
    if (!problem)
      options.log.error('the control plane failed to answer', {
        event: 'control_failed',
        error,
        url: request.url,
      });
    sendProblem({ request, response }, problem ?? unexpectedProblem(), options.clock);
  }
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/** Sends a problem. If its request is still arriving, the rest of it is read and dropped first. */
function sendProblem({ request, response }: Exchange, problem: Problem, clock: Clock): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (!request.complete) response.setHeader('connection', 'close');
  if (problem.status === 401) response.setHeader('www-authenticate', 'Bearer');
  const body = Buffer.from(JSON.stringify(problem));
  response.writeHead(problem.status, {
    'content-type': 'application/problem+json',
    'content-length': body.length,
  });
  response.write(body);
  if (request.complete || request.destroyed) response.end();
  else drainRequest(request, clock, () => response.end());
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
