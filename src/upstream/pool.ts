/**
 * The connections to Kling: a connection pool bound to one origin, by HTTP/1.1, through a CONNECT proxy if configured.
 *
 * The connection pool knows why an attempt has no connection: whether all connections are busy, or which step of a new one
 * is running (resolve the name, connect, TLS). Blame depends on that: a dead name server of ours is not Kling's fault.
 */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { buildConnector as undiciConnector, ProxyAgent } from 'undici';
import type { ErrorClass } from '../calls/outcome.ts';
import { removeItem } from '../open-list.ts';
import { buildConnector, loadProxyAgent, Pool, type Dispatcher } from './undici.ts';

/** The longest time for a new connection: DNS, TCP and TLS together. */
export const CONNECT_MS_MAX = 5_000;
/** Idle sockets are closed early: if Kling closes one during a new request, the create is in doubt. */
const KEEP_ALIVE_MS = 4_000;
/** A connection is replaced after this time, so that a changed DNS record takes effect. */
const CONNECTION_AGE_MS_MAX = 300_000;
const CAUSE_LENGTH_MAX = 200;

export interface PoolOptions {
  /** Scheme, host and port; no path. */
  baseUrl: string;
  connections: number;
  /** `http://host:port` of a CONNECT proxy, or null. */
  proxy: string | null;
  /** A PEM file of further certificate authorities, or null. */
  caFile: string | null;
}

/** Why a request got no connection; nothing of it was sent. */
export interface ConnectFailure {
  errorClass: ErrorClass;
  /** The failure's own text, at most 200 characters. */
  cause: string;
}

/** The running step of a new connection. */
interface Connecting {
  step: 'resolve' | 'connect' | 'tls';
}

export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #host: string;
  readonly #dispatcher: Dispatcher;
  /** Every request that undici has not finished, oldest first: the first `connections` of them have one, or wait for it. */
  readonly #active: Dispatcher.DispatchHandler[] = [];
  readonly #connecting = new Set<Connecting>();
  readonly #failedSteps = new WeakMap<Error, Connecting['step']>();

  constructor(options: PoolOptions) {
    this.#options = options;
    const { origin, hostname } = new URL(options.baseUrl);
    this.#host = hostname;
    this.#dispatcher = this.#open(origin);
  }

  /** Requests that have a connection, and requests that wait for one. */
  get load(): { inUse: number; waiting: number } {
    const inUse = Math.min(this.#active.length, this.#options.connections);
    return { inUse, waiting: this.#active.length - inUse };
  }

  /** Sends a request; `handler` must call {@link release} once undici has finished with it. */
  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#active.push(handler);
    this.#dispatcher.dispatch(request, handler);
  }

  release(handler: Dispatcher.DispatchHandler): void {
    removeItem(this.#active, handler);
  }

  /** Ends after the running requests. */
  close(): Promise<void> {
    return this.#dispatcher.close();
  }

  destroy(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  /** Gives why a request has no connection at its deadline; if several reasons are possible, the one that blames Kling least. */
  whyWaiting(handler: Dispatcher.DispatchHandler): ConnectFailure {
    const { connections, proxy } = this.#options;
    const ahead = this.#active.indexOf(handler);
    const steps = new Set([...this.#connecting].map(({ step }) => step));
    if (ahead >= connections || (steps.size === 0 && proxy === null)) {
      const cause = `all ${connections} connections to Kling were busy until the deadline`;
      return { errorClass: 'no_connection', cause };
    }
    if (proxy !== null)
      return { errorClass: 'proxy', cause: 'no connection through the proxy before the deadline' };
    const step = (['resolve', 'tls', 'connect'] as const).find((one) => steps.has(one)) ?? 'connect';
    return { errorClass: CLASS_OF_TIMEOUT[step], cause: `${this.#timeoutText(step)} before the deadline` };
  }

  /** Gives the class of a failed connection. */
  explain(error: Error): ConnectFailure {
    const code = codeOf(error);
    const step = this.#failedSteps.get(error) ?? null;
    const errorClass = this.#options.proxy === null ? classOfFailure(code, step) : classBehindProxy(code);
    if (code === 'UND_ERR_CONNECT_TIMEOUT' && step !== null) {
      return { errorClass, cause: `${code}: ${this.#timeoutText(step)} within ${CONNECT_MS_MAX} ms` };
    }
    return { errorClass, cause: describeError(error) };
  }

  #timeoutText(step: Connecting['step']): string {
    if (step === 'resolve') return `the name ${this.#host} was not resolved`;
    return step === 'tls' ? `no TLS handshake with ${this.#host}` : `no connection to ${this.#host}`;
  }

  #open(origin: string): Dispatcher {
    const { connections, proxy, caFile } = this.#options;
    const tls = {
      timeout: CONNECT_MS_MAX,
      minVersion: 'TLSv1.2' as const,
      ...(caFile === null ? {} : { ca: readFileSync(caFile, 'utf8') }),
    };
    const common = {
      connections,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: 32_768,
    };
    if (proxy === null) {
      const connect = this.#watched(buildConnector({ ...tls, allowH2: false }));
      return new Pool(origin, { ...common, clientTtl: CONNECTION_AGE_MS_MAX, connect });
    }
    const ThroughProxy = loadProxyAgent();
    return bindOrigin(
      new ThroughProxy({ ...common, uri: proxy, requestTls: tls, proxyTunnel: true }),
      origin,
    );
  }

  /** Records the running step of each new connection, and the step at which one failed. */
  #watched(connect: undiciConnector.connector): undiciConnector.connector {
    return (target, callback) => {
      const connecting: Connecting = { step: isIP(target.hostname) === 0 ? 'resolve' : 'connect' };
      this.#connecting.add(connecting);
      const socket: unknown = connect(target, (...[error, made]) => {
        this.#connecting.delete(connecting);
        if (error !== null) {
          this.#failedSteps.set(error, connecting.step);
          callback(error, null);
        } else callback(null, made);
      });
      if (!(socket instanceof EventEmitter)) return;
      socket.once('lookup', (error: Error | null) => {
        if (error === null) connecting.step = 'connect';
      });
      if (target.protocol === 'https:') socket.once('connect', () => (connecting.step = 'tls'));
    };
  }
}

/** Opens a connection pool; nothing connects before the first request. */
export function openPool(options: PoolOptions): ConnectionPool {
  return new ConnectionPool(options);
}

/** Limits a proxy agent to one origin. */
function bindOrigin(agent: ProxyAgent, origin: string): Dispatcher {
  const bound = Object.create(agent) as Dispatcher;
  bound.dispatch = (options, handler) => agent.dispatch({ ...options, origin }, handler);
  bound.close = (() => agent.close()) as Dispatcher['close'];
  bound.destroy = (() => agent.destroy()) as Dispatcher['destroy'];
  return bound;
}

const CLASS_OF_TIMEOUT = { resolve: 'dns', connect: 'connect_timeout', tls: 'tls' } as const;
const DNS_CODES = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME']);
const TLS_CODE = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO|HOSTNAME_MISMATCH)/;
/** Failures of this machine: no descriptors, memory, ports or permission of its firewall; and refusals of undici itself. */
const OWN_CODES = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);

function classOfFailure(code: string, step: Connecting['step'] | null): ErrorClass {
  if (OWN_CODES.has(code)) return 'no_connection';
  if (step === 'resolve' || DNS_CODES.has(code)) return 'dns';
  if (step === 'tls' || TLS_CODE.test(code)) return 'tls';
  if (code === 'ECONNREFUSED') return 'refused';
  return code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' ? 'connect_timeout' : 'connect_other';
}

/** Behind a proxy every failed connection is one to the proxy; only TLS is with Kling. */
function classBehindProxy(code: string): ErrorClass {
  if (OWN_CODES.has(code)) return 'no_connection';
  return TLS_CODE.test(code) ? 'tls' : 'proxy';
}

function codeOf(error: Error): string {
  const direct = (error as NodeJS.ErrnoException).code;
  const inner = error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException).code : undefined;
  const first =
    error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException)?.code : undefined;
  return direct ?? first ?? inner ?? '';
}

/** Gives an error's own text, at most 200 characters; for a joined error the texts of its parts. */
export function describeError(error: Error): string {
  const code = codeOf(error);
  const message =
    error.message === '' && error instanceof AggregateError
      ? error.errors.map((one: unknown) => (one instanceof Error ? one.message : '')).join(', ')
      : error.message;
  const isNamed = code === '' || message.includes(code);
  return `${isNamed ? '' : `${code}: `}${message}`.slice(0, CAUSE_LENGTH_MAX);
}
