/**
 * The listener for callbacks: the only one of ours that may be reachable from outside.
 *
 * It takes `POST …/c/HOLD.TOKEN` with a small JSON body, and answers everything else with one and the same 404.
 *
 * **Invariant**: a path is checked before a byte of the body is read; no answer repeats a part of its request; nothing is answered
 * 200 before it is durable. A flood costs neither memory nor queries: bodies, connections and requests in a second are limited.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { listenAt, urlOf, type Listening } from '../listen.ts';
import { drainRequest, ignoreOffer, Seats } from '../sockets.ts';
import type { CallbackPaths } from './callback-paths.ts';
import type { CallbackResult, Callbacks } from './callbacks.ts';
import { Bucket } from './bucket.ts';

const BODY_BYTES_MAX = 65_536;
const HEADER_BYTES_MAX = 16_384;
const HEADERS_MS_MAX = 5_000;
const REQUEST_MS_MAX = 10_000;
const KEEP_ALIVE_MS = 30_000;
const CONNECTIONS_MAX = 256;
const STOP_MS_MAX = 2_000;
/** Requests in a second on paths that are not ours: a scan must not use up what callbacks need. */
const UNKNOWN_PER_SECOND = 20;
const JSON_TYPE = /^application\/json(?:\s*;.*)?$/i;

/** How a request ended: see {@link CallbackResult}; `unknown` path, `refused` type or size, `failed` store. */
export type ReceiverResult = CallbackResult | 'unknown' | 'refused' | 'failed';

export interface ReceiverOptions {
  hosts: readonly string[];
  port: number;
  requestsPerSecond: number;
  clock: Clock;
  paths: CallbackPaths;
  callbacks: Pick<Callbacks, 'receive'>;
  /** Counts each request once. */
  onResult: (result: ReceiverResult) => void;
  onError: (message: string, error: unknown) => void;
}

/** An answer: the same bytes for every request with that result. */
interface Reply {
  status: number;
  body: Buffer;
}

const reply = (status: number, word: string): Reply => ({
  status,
  body: Buffer.from(`{"result":"${word}"}`),
});
const TAKEN = reply(200, 'ok');
const NOT_FOUND = reply(404, 'not_found');
const NO_JSON = reply(400, 'no_json');
const UNSIGNED = reply(401, 'no_valid_signature');
const TOO_LARGE = reply(413, 'too_large');
const NO_JSON_TYPE = reply(415, 'no_json');
const LIMITED = reply(429, 'too_many');
const FAILED = reply(503, 'try_again');

const REPLIES: Readonly<Record<CallbackResult, Reply>> = {
  taken: TAKEN,
  repeated: TAKEN,
  unsigned: UNSIGNED,
  malformed: NO_JSON,
  limited: LIMITED,
  gone: NOT_FOUND,
};

export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #known: Bucket;
  readonly #unknown: Bucket;
  readonly #seats = new Seats(CONNECTIONS_MAX);
  #listening: Listening<Server> | null = null;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#known = new Bucket(options.clock, options.requestsPerSecond);
    this.#unknown = new Bucket(options.clock, UNKNOWN_PER_SECOND);
  }

  /** Begins to listen, and gives the addresses. @throws SidecarError `config_invalid` if one cannot be used. */
  async start(): Promise<string[]> {
    const { hosts, port } = this.#options;
    this.#listening = await listenAt(() => this.#makeServer(), { hosts, port, setting: 'callbacks.port' });
    const open = this.#listening;
    return open.hosts.map((host) => urlOf(host, open.port));
  }

  /** Takes no new connections and waits a moment for open answers. Idempotent. */
  async stop(): Promise<void> {
    const servers = this.#listening?.servers ?? [];
    await Promise.all(servers.map((server) => this.#stop(server)));
  }

  #makeServer(): Server {
    const server = createServer(
      {
        maxHeaderSize: HEADER_BYTES_MAX,
        headersTimeout: HEADERS_MS_MAX,
        requestTimeout: REQUEST_MS_MAX,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: 2_000,
        requireHostHeader: false,
      },
      (request, response) => {
        this.#seats.note(request, response);
        ignoreOffer(request, response);
        void this.#serve(request, response);
      },
    );
    this.#seats.watch(server);
    return server;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { onResult, onError, clock } = this.#options;
    let ended: { result: ReceiverResult; answer: Reply };
    try {
      ended = await this.#answerTo(request);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      onError('a callback could not be kept; Kling is asked for its task as always', error);
      ended = { result: 'failed', answer: FAILED };
    }
    onResult(ended.result);
    send({ request, response }, ended.answer, clock);
  }

  async #answerTo(request: IncomingMessage): Promise<{ result: ReceiverResult; answer: Reply }> {
    const { paths, clock, callbacks } = this.#options;
    const holdId = paths.holdOf(pathOf(request), clock.now());
    if (holdId === null || request.method !== 'POST') {
      return this.#unknown.take()
        ? { result: 'unknown', answer: NOT_FOUND }
        : { result: 'limited', answer: LIMITED };
    }
    if (!this.#known.take()) return { result: 'limited', answer: LIMITED };
    if (!JSON_TYPE.test(request.headers['content-type'] ?? ''))
      return { result: 'refused', answer: NO_JSON_TYPE };
    const body = await readSmall(request);
    if (body === null) return { result: 'refused', answer: TOO_LARGE };
    const headers = {
      'webhook-id': single(request.headers['webhook-id']),
      'webhook-timestamp': single(request.headers['webhook-timestamp']),
      'webhook-signature': single(request.headers['webhook-signature']),
    };
    const result = await callbacks.receive(holdId, { headers, body });
    return { result, answer: REPLIES[result] };
  }

  #stop(server: Server): Promise<void> {
    return new Promise((resolve) => {
      const cut = this.#options.clock.after(STOP_MS_MAX, () => server.closeAllConnections());
      server.close(() => {
        cut.cancel();
        resolve();
      });
      server.closeIdleConnections();
    });
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  const mark = url.indexOf('?');
  return mark === -1 ? url : url.slice(0, mark);
}

/** Node joins repeated headers of these names by a comma. */
function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Reads a body; null if it is larger than {@link BODY_BYTES_MAX}. Rejects if the client closes its connection. */
function readSmall(request: IncomingMessage): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > BODY_BYTES_MAX) {
        request.removeAllListeners('data');
        resolve(null);
      } else pieces.push(piece);
    });
    request.once('end', () => resolve(Buffer.concat(pieces)));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client closed its connection')));
  });
}

/** Sends an answer. If its request is still arriving, the rest is read and dropped first. */
function send(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { status, body }: Reply,
  clock: Clock,
): void {
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  if (request.complete || request.destroyed) {
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  response.write(body);
  drainRequest(request, clock, () => response.end());
}
