/**
 * The data plane's sockets: plain HTTP, and TLS where configured, with every limit named.
 *
 * **Invariant**: Node's strict parser stays on; what it refuses is answered in Kling's shape and the socket closed.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { SidecarError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { refusalAnswer } from './reply.ts';

const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 60_000;
const KEEP_ALIVE_MS = 65_000;
const CONNECTIONS_MAX = 2_048;
const HEADERS_MAX = 200;
const HEADER_BYTES_MAX = 16_384;

/** A certificate chain (PEM) and its key. */
export interface TlsPair {
  certificate: string;
  key: Secret;
}

export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** Makes a server that hands over well-formed requests and answers the rest itself. */
export function createListener(handle: Handle, tls: TlsPair | null): Server {
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
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = CONNECTIONS_MAX;
  server.on('request', handle);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    response.writeContinue();
    handle(request, response);
  });
  server.on('checkExpectation', handle);
  server.on('upgrade', (_request: IncomingMessage, socket: Duplex) =>
    close(socket, 426, 'Upgrade is not supported.'),
  );
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    close(socket, 405, 'CONNECT is not supported.'),
  );
  server.on('clientError', onClientError);
  return server;
}

/** Begins to listen; gives the port. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (error.code === 'HPE_HEADER_OVERFLOW')
    close(socket, 431, `The headers are over ${HEADER_BYTES_MAX} bytes.`);
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    close(socket, 408, 'The request took too long to arrive.');
  else close(socket, 400, `The request is not well-formed HTTP/1.1 (${error.code ?? 'parse error'}).`);
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  426: 'Upgrade Required',
  431: 'Request Header Fields Too Large',
};

function close(socket: Duplex, status: number, message: string): void {
  const error = new SidecarError('target_refused', message, { status });
  const { lines, body } = refusalAnswer(error, 'unread');
  let head = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\nconnection: close\r\n`;
  for (let i = 0; i + 1 < lines.length; i += 2) head += `${lines[i]}: ${lines[i + 1]}\r\n`;
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n`), body]));
}
