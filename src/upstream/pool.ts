/** The connections to Kling: one pool bound to one origin, by HTTP/1.1, through a CONNECT proxy where configured. */
import { readFileSync } from 'node:fs';
import { Pool, ProxyAgent, type Dispatcher } from 'undici';

/** How long a connection may take: DNS, TCP and TLS together. */
export const CONNECT_MS_MAX = 5_000;
/** Idle sockets are given up early: a peer that closes one under a new request leaves a create in doubt. */
const KEEP_ALIVE_MS = 4_000;
/** A connection is renewed after this long, so that a moved DNS name is followed. */
const CONNECTION_AGE_MS_MAX = 300_000;

export interface PoolOptions {
  /** Scheme, host and port; no path. */
  baseUrl: string;
  connections: number;
  /** `http://host:port` of a CONNECT proxy, or null. */
  proxy: string | null;
  /** A PEM file of further certificate authorities, or null. */
  caFile: string | null;
}

/** Opens the pool; nothing connects before the first request. */
export function openPool(options: PoolOptions): Dispatcher {
  const origin = new URL(options.baseUrl).origin;
  const tls = {
    timeout: CONNECT_MS_MAX,
    minVersion: 'TLSv1.2' as const,
    ...(options.caFile === null ? {} : { ca: readFileSync(options.caFile, 'utf8') }),
  };
  const common = {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: 32_768,
  };
  if (options.proxy === null) {
    return new Pool(origin, { ...common, clientTtl: CONNECTION_AGE_MS_MAX, connect: tls });
  }
  const proxy = new ProxyAgent({ ...common, uri: options.proxy, requestTls: tls, proxyTunnel: true });
  return bindOrigin(proxy, origin);
}

/** Gives a proxy agent the one origin that it may reach. */
function bindOrigin(agent: ProxyAgent, origin: string): Dispatcher {
  const bound = Object.create(agent) as Dispatcher;
  bound.dispatch = (options, handler) => agent.dispatch({ ...options, origin }, handler);
  bound.close = (() => agent.close()) as Dispatcher['close'];
  bound.destroy = (() => agent.destroy()) as Dispatcher['destroy'];
  return bound;
}
