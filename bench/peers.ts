/**
 * The peers: what is measured, how each is started before the upstream, and why one may be missing.
 *
 * **Invariant**: every peer gets the same requests, listens on a free loopback port, forwards to the same upstream
 * and puts `Authorization: Bearer bench-key` in place of the caller's; it is started afresh for each round.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { portkeyEntry } from './portkey.ts';
import { findProgram, freePort, type Command } from './processes.ts';
import { nginxCommand } from './upstream.ts';

export const PEER_NAMES = ['direct', 'nginx', 'caddy', 'bare', 'portkey', 'sidecar', 'traced'] as const;
export type PeerName = (typeof PEER_NAMES)[number];

export interface Launch {
  command: Command;
  origin: string;
  /** Headers that callers of this peer must send beside the usual ones. */
  headers: Record<string, string>;
  /** Addresses that all answer 200 once the peer is ready, beside a task read through it. */
  readyUrls: string[];
}

export interface Peer {
  name: PeerName;
  does: string;
  /** The reason why it cannot be measured here; null when it can. */
  missing(): string | null;
  /** Prepares the files in `folder` and tells how to start; null for no process at all. */
  launch(folder: string, upstreamPort: number): Promise<Launch | null>;
}

const KEY = 'bench-key';
const PROJECT = join(import.meta.dirname, '..');
const PORTKEY_FOLDER = import.meta.dirname;

function debianPackage(program: string): () => string | null {
  return () =>
    findProgram(program) === null ? `${program} is not installed (apt-get install ${program})` : null;
}

const direct: Peer = {
  name: 'direct',
  does: 'no peer: the load goes to the upstream',
  missing: () => null,
  launch: async () => null,
};

const nginx: Peer = {
  name: 'nginx',
  does: 'forwards, sets a header',
  missing: debianPackage('nginx'),
  async launch(folder, upstreamPort) {
    const port = await freePort();
    const http = `
  upstream kling { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://kling;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer ${KEY}";
    }
  }`;
    return plain(nginxCommand(findProgram('nginx') ?? 'nginx', join(folder, 'nginx'), http), port);
  },
};

const caddy: Peer = {
  name: 'caddy',
  does: 'forwards, sets a header',
  missing: debianPackage('caddy'),
  async launch(folder, upstreamPort) {
    const port = await freePort();
    const home = join(folder, 'caddy');
    mkdirSync(home, { recursive: true });
    const config = `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  reverse_proxy 127.0.0.1:${upstreamPort} {
    header_up Authorization "Bearer ${KEY}"
    transport http {
      keepalive_idle_conns_per_host 64
    }
  }
}
`;
    const path = join(home, 'Caddyfile');
    writeFileSync(path, config);
    return plain(
      {
        file: findProgram('caddy') ?? 'caddy',
        args: ['run', '--config', path, '--adapter', 'caddyfile'],
        env: { HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home },
      },
      port,
    );
  },
};

const bare: Peer = {
  name: 'bare',
  does: 'node:http + undici Pool.stream, sets a header',
  missing: () => null,
  async launch(_folder, upstreamPort) {
    const port = await freePort();
    const script = join(import.meta.dirname, 'peers/bare.ts');
    return plain({ file: process.execPath, args: [script, String(port), String(upstreamPort)] }, port);
  },
};

const portkey: Peer = {
  name: 'portkey',
  does: '@portkey-ai/gateway: routes to a custom host, no budgets',
  missing: () => portkeyEntry(PORTKEY_FOLDER).missing,
  async launch(_folder, upstreamPort) {
    const port = await freePort();
    const { path } = portkeyEntry(PORTKEY_FOLDER);
    return {
      // Loopback is among the custom hosts that it trusts by default.
      command: {
        file: process.execPath,
        args: [path, `--port=${port}`, '--headless'],
        env: { NODE_ENV: 'production' },
      },
      origin: `http://127.0.0.1:${port}`,
      headers: {
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
      },
      readyUrls: [],
    };
  },
};

const sidecar: Peer = {
  name: 'sidecar',
  does: 'everything on: holds, ids, journal, poller, metrics, SQLite with FULL',
  missing: isThere,
  launch: (folder, upstreamPort) => launchSidecar(join(folder, 'sidecar'), upstreamPort, {}),
};

const traced: Peer = {
  name: 'traced',
  does: 'the sidecar with every trace exported by OTLP to a collector in the bench itself',
  missing: isThere,
  async launch(folder, upstreamPort) {
    const endpoint = await startCollector();
    return launchSidecar(join(folder, 'traced'), upstreamPort, {
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      // Everything is to be exported, also at the bench's rates.
      OTEL_BSP_MAX_QUEUE_SIZE: '65536',
    });
  },
};

function isThere(): string | null {
  return existsSync(join(PROJECT, 'src/main.ts')) ? null : 'src/main.ts is not there yet';
}

async function launchSidecar(
  home: string,
  upstreamPort: number,
  env: Record<string, string>,
): Promise<Launch> {
  const port = await freePort();
  const controlPort = await freePort();
  mkdirSync(home, { recursive: true });
  const config = {
    listen: { port },
    control: { port: controlPort },
    upstream: { baseUrl: `http://127.0.0.1:${upstreamPort}` },
    store: { path: 'data/sidecar.db' },
    budgets: [{ name: 'daily', credits: 1_000_000_000, window: 'day', timeZone: 'UTC', mode: 'enforce' }],
  };
  const path = join(home, 'sidecar.config.json');
  writeFileSync(path, JSON.stringify(config, null, 2));
  return {
    command: {
      file: process.execPath,
      args: [join(PROJECT, 'bin/kling-sidecar.js'), 'start', '--config', path],
      env: { KLING_API_KEY: KEY, ...env },
      cwd: home,
    },
    origin: `http://127.0.0.1:${port}`,
    headers: {},
    readyUrls: [`http://127.0.0.1:${controlPort}/readyz`],
  };
}

let collector: Promise<string> | null = null;

/** Starts a collector that takes everything; it ends with the bench. */
function startCollector(): Promise<string> {
  collector ??= new Promise((resolve) => {
    const server = createServer((request, response) => {
      request.resume().once('end', () => response.end());
    });
    server.unref();
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
  return collector;
}

function plain(command: Command, port: number): Launch {
  return { command, origin: `http://127.0.0.1:${port}`, headers: {}, readyUrls: [] };
}

/** Every peer, in the order of the tables. */
export const PEERS: readonly Peer[] = [direct, nginx, caddy, bare, portkey, sidecar, traced];
