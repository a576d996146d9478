/**
 * The peers: what is measured, how each is started before the upstream, and why one may be missing.
 *
 * **Invariant**: every peer gets the same requests, listens on a free loopback port, forwards to the same upstream
 * and puts `Authorization: Bearer bench-key` in place of the caller's; it is started afresh for each round.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH_KEY, type Launch, type Peer } from './peer.ts';
import { portkeyEntry } from './portkey.ts';
import { findProgram, freePort, type Command } from './processes.ts';
import { SIDECARS } from './sidecar-peers.ts';
import { nginxCommand } from './upstream.ts';

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
      proxy_set_header Authorization "Bearer ${BENCH_KEY}";
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
    header_up Authorization "Bearer ${BENCH_KEY}"
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

const floor: Peer = {
  name: 'floor',
  does: 'one row for each create, both writes durable (SQLite with FULL), nothing else: what a durable create costs at least',
  missing: () => null,
  async launch(folder, upstreamPort) {
    const port = await freePort();
    const script = join(import.meta.dirname, 'peers/floor.ts');
    return plain(
      { file: process.execPath, args: [script, String(port), String(upstreamPort), folder] },
      port,
    );
  },
};

function plain(command: Command, port: number): Launch {
  return { command, origin: `http://127.0.0.1:${port}`, headers: {}, readyUrls: [] };
}

/** Every peer, in the order of the tables. */
export const PEERS: readonly Peer[] = [direct, nginx, caddy, bare, portkey, floor, ...SIDECARS];
