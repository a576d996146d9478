/** Opens the data plane's listeners: plain HTTP, and TLS if configured, each at every configured address. */
import type { Server } from 'node:http';
import type { Clock } from '../clock.ts';
import { listenAt, urlOf } from '../listen.ts';
import { Seats } from '../sockets.ts';
import { CONNECTIONS_MAX, createListener, type Handle, type TlsPair } from './listener.ts';
import type { ListenConfig } from './proxy-config.ts';

export interface OpenListeners {
  servers: Server[];
  ports: number[];
  urls: string[];
  /** Empty without TLS. */
  tlsUrls: string[];
}

/**
 * Opens all listeners or none.
 * `onPort` is called with each port before the next listener opens: requests may arrive from then on.
 * @throws SidecarError `config_invalid` if an address cannot be opened.
 */
export async function openListeners(
  config: ListenConfig,
  { handle, tls, clock }: { handle: Handle; tls: TlsPair | null; clock: Clock },
  onPort: (port: number) => void,
): Promise<OpenListeners> {
  const seats = new Seats(CONNECTIONS_MAX);
  const open = async (port: number, pair: TlsPair | null): Promise<OpenListeners> => {
    const make = (): Server => createListener(handle, { tls: pair, clock, seats });
    const setting = pair === null ? 'listen.port' : 'listen.tls.port';
    const had = await listenAt(make, { hosts: config.hosts, port, setting });
    onPort(had.port);
    const urls = had.hosts.map((host) => urlOf(host, had.port, pair === null ? 'http' : 'https'));
    return { servers: had.servers, ports: [had.port], urls, tlsUrls: [] };
  };
  const plain = await open(config.port, null);
  if (config.tls === null) return plain;
  try {
    const secure = await open(config.tls.port, tls);
    return {
      servers: [...plain.servers, ...secure.servers],
      ports: [...plain.ports, ...secure.ports],
      urls: plain.urls,
      tlsUrls: secure.urls,
    };
  } catch (error) {
    for (const server of plain.servers) server.close();
    throw error;
  }
}
