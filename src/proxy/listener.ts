/**
 * The data plane's sockets: plain HTTP, and TLS if configured, with every limit named.
 *
 * **Invariant**: Node's strict parser is always on; a request that it refuses is answered in Kling's format and the socket is
 * closed.
 */
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import { newId } from '../ids.ts';
import { removeItem } from '../open-list.ts';
import type { Secret } from '../secret.ts';
import { DRAIN_MS_MAX, ignoreOffer, type Seats } from '../sockets.ts';
import { onBodyWanted } from './body.ts';
import { HEADER_LINES_MAX } from './frame.ts';
import { refusalAnswer } from './reply.ts';

const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 60_000;
const KEEP_ALIVE_MS = 65_000;
/** Connections of the data plane, over all its listeners. */
export const CONNECTIONS_MAX = 2_048;
const HEADER_BYTES_MAX = 16_384;
/** The allowed methods in a 405 if no route is known. */
const ALLOWED = 'GET, HEAD, POST';

/** A certificate chain (PEM) and its key. */
export interface TlsPair {
  certificate: string;
  key: Secret;
}

export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

export interface ListenerOptions {
  /** Null for plain HTTP. */
  tls: TlsPair | null;
  clock: Clock;
  /** Counts the connections of all listeners of the plane together. */
  seats: Seats;
}

/** Makes a server that passes valid requests on and answers all others itself. */
export function createListener(handle: Handle, { tls, clock, seats }: ListenerOptions): Server {
  const options: ServerOptions = {
    maxHeaderSize: HEADER_BYTES_MAX,
    insecureHTTPParser: false,
    requireHostHeader: false,
    headersTimeout: HEADERS_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 5_000,
  };
  const server =
    tls === null
      ? createServer(options)
      : createTlsServer({
          ...options,
          cert: tls.certificate,
          key: tls.key.reveal(),
          minVersion: 'TLSv1.2',
        });
  // Some versions of Node silently drop the lines above this limit; one more than ours shows that there were too many.
  server.maxHeadersCount = HEADER_LINES_MAX + 1;
  seats.watch(server);
  const refusals = new SocketRefusals(clock);
  const begin: Handle = (request, response) => {
    refusals.note(request, response);
    seats.note(request, response);
    ignoreOffer(request, response);
    handle(request, response);
  };
  server.on('request', begin);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    onBodyWanted(request, () => response.writeContinue());
    begin(request, response);
  });
  server.on('checkExpectation', begin);
  // Nobody listens for `upgrade`: Node then serves the request as any other.
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    refusals.refuse(socket, 405, 'CONNECT is not supported.'),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) =>
    refusals.onClientError(error, socket),
  );
  return server;
}

interface OpenRequest {
  request: IncomingMessage;
  response: ServerResponse;
}

/** Refuses bytes that never become a request: bytes that are no HTTP, and tunnels. */
class SocketRefusals {
  readonly #clock: Clock;
  /** Requests without a complete answer, by connection: their answers come first. */
  readonly #open = new WeakMap<Duplex, OpenRequest[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    let open = this.#open.get(socket);
    if (open === undefined) this.#open.set(socket, (open = []));
    const entry = { request, response };
    open.push(entry);
    response.once('close', () => removeItem(open, entry));
  }

  onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET') socket.destroy();
    else if (error.code === 'HPE_HEADER_OVERFLOW')
      this.refuse(socket, 431, `The headers are over ${HEADER_BYTES_MAX} bytes.`);
    else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
      this.refuse(socket, 400, 'The request took too long to arrive.');
    else
      this.refuse(socket, 400, `The request is not well-formed HTTP/1.1 (${error.code ?? 'parse error'}).`);
  }

  /** Answers and closes. If an earlier request still waits for its answer, it only closes: the caller could mix up the two. */
  refuse(socket: Duplex, status: number, message: string): void {
    // After a CONNECT there is no other listener, and an error without a listener ends the process.
    socket.on('error', () => socket.destroy());
    if (!socket.writable || this.#isBusy(socket)) {
      socket.destroy();
      return;
    }
    const id = newId('req', this.#clock.now());
    const { lines, body } = refusalAnswer(new SidecarError('target_refused', message, { status }), id);
    lines.push('server-timing', 'sidecar;dur=0.00', 'connection', 'close');
    if (status === 405) lines.push('allow', ALLOWED);
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n`;
    for (let i = 0; i + 1 < lines.length; i += 2) head += `${lines[i]}: ${lines[i + 1]}\r\n`;
    // Later bytes are read and dropped: a close with unread bytes is a reset, and the answer would be lost.
    socket.removeAllListeners('data');
    socket.on('data', () => {});
    socket.end(Buffer.concat([Buffer.from(`${head}\r\n`), body]));
    const timer = this.#clock.after(DRAIN_MS_MAX, () => socket.destroy());
    socket.once('close', () => timer.cancel());
  }

  /** True if an answer of another request than the failed one is due or being written. */
  #isBusy(socket: Duplex): boolean {
    const [first, ...others] = this.#open.get(socket) ?? [];
    if (first === undefined) return false;
    return others.length > 0 || first.request.complete || first.response.headersSent;
  }
}
