/**
 * The addresses of a listener: one server for each address, all on one port.
 *
 * `localhost` is `::1` first on many machines and `127.0.0.1` first on others, so a listener on loopback listens
 * on both of them if the machine has both.
 */
import type { AddressInfo, Server } from 'node:net';
import { SidecarError } from './errors.ts';

/** This machine's own addresses. */
export const LOOPBACKS: readonly string[] = ['127.0.0.1', '::1'];
/** How often another port is tried if the system chose one that is in use at the other address. */
const TRIES_MAX = 20;
/** The errors of a system without IPv6, or without IPv4. */
const NO_SUCH_FAMILY: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there: end it, or choose another port',
  EACCES: 'this user may not: choose a port above 1023',
  EADDRNOTAVAIL: 'it is no address of this machine',
  ENOTFOUND: 'no such host: write an address of this machine',
};

export interface ListenPlace {
  /** Addresses; `localhost` stands for both loopbacks. */
  hosts: readonly string[];
  /** 0 lets the system choose one. */
  port: number;
  /** What sets the port, for messages: a config key or a flag. */
  setting: string;
}

/** An open listener. */
export interface Listening<S extends Server> {
  /** One for each address of `hosts`. */
  servers: S[];
  hosts: string[];
  port: number;
}

/** Returns whether an address can be reached only from this machine. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(name);
}

/** Gives the addresses of a list of hosts, each once, in its order. */
export function addressesOf(hosts: readonly string[]): string[] {
  return [...new Set(hosts.flatMap((host) => (host.toLowerCase() === 'localhost' ? LOOPBACKS : [host])))];
}

/** Writes a listener's address in the form for a browser: a wildcard as loopback, IPv6 in brackets. */
export function urlOf(host: string, port: number, scheme = 'http'): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/**
 * Begins to listen at every address, with a server of `make` for each; all or none.
 *
 * A loopback address that the machine does not have is left out, unless no other is left.
 * @throws SidecarError `config_invalid` that names the address, the reason and the setting to change.
 */
export async function listenAt<S extends Server>(make: () => S, place: ListenPlace): Promise<Listening<S>> {
  const hosts = addressesOf(place.hosts);
  for (let tries = 1; ; tries += 1) {
    try {
      return await listenOnce(make, hosts, place.port);
    } catch (cause) {
      const refused = cause as Refused;
      const isChosen = place.port === 0 && hosts.length > 1 && refused.code === 'EADDRINUSE';
      if (!isChosen || tries >= TRIES_MAX) throw addressError(refused, place.setting);
    }
  }
}

type Refused = NodeJS.ErrnoException & { address?: string; port?: number };

async function listenOnce<S extends Server>(
  make: () => S,
  hosts: readonly string[],
  wanted: number,
): Promise<Listening<S>> {
  const had: Listening<S> = { servers: [], hosts: [], port: wanted };
  let missing: unknown = null;
  for (const host of hosts) {
    const server = make();
    try {
      had.port = await bind(server, { host, port: had.port, ipv6Only: hosts.length > 1 });
    } catch (error) {
      if (isLoopback(host) && NO_SUCH_FAMILY.has((error as Refused).code ?? '')) {
        missing = error;
        continue;
      }
      await Promise.all(had.servers.map(close));
      throw error;
    }
    had.servers.push(server);
    had.hosts.push(host);
  }
  if (had.servers.length === 0) throw missing;
  return had;
}

function bind(server: Server, at: { host: string; port: number; ipv6Only: boolean }): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Refused): void => reject(Object.assign(cause, { address: at.host, port: at.port }));
    server.once('error', fail);
    server.listen({ ...at, exclusive: true }, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}

function addressError(cause: Refused, setting: string): SidecarError {
  const { address = '', port, code } = cause;
  const why = WHY[code ?? ''] ?? code ?? cause.message;
  const where = `${address.includes(':') ? `[${address}]` : address}:${port ?? ''}`;
  return new SidecarError('config_invalid', `${setting}: cannot listen on ${where} (${why}).`, { cause });
}
