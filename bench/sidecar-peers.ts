/**
 * The sidecar as a peer, with everything on, and its other forms: with a guard for each create, with all that a careful operator
 * switches on, and with traces.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { NODE_FLAGS } from '../src/cli/init-files.ts';
import { BENCH_KEY, type Launch, type Peer } from './peer.ts';
import { freePort } from './processes.ts';
import { CREATE_BODY, POINT_NUMBER, REQUEST_NUMBER } from './requests.ts';

const PROJECT = join(import.meta.dirname, '..');
const CREDITS = 1_000_000_000;
const ONE_BUDGET = [{ name: 'daily', credits: CREDITS, window: 'day', timeZone: 'UTC' }];
const FOUR_BUDGETS = [
  ...ONE_BUDGET,
  { name: 'monthly', credits: CREDITS, window: 'month', timeZone: 'Europe/Berlin' },
  { name: 'each-app', credits: CREDITS, window: 'hour', per: 'app' },
  { name: 'text', credits: CREDITS, window: 'total', match: { operation: 'text-to-video' } },
];
const API_KEY = { KLING_API_KEY: BENCH_KEY };
const KEY_PAIR = {
  KLING_ACCESS_KEY: 'bench-access-key',
  KLING_SECRET_KEY: 'bench-secret-key-of-32-characters',
};

interface SidecarForm {
  env?: Record<string, string>;
  budgets?: readonly object[];
  /** Over the bench's config. */
  config?: Record<string, unknown>;
}

/** Writes a sidecar's config into `home` and gives the command that starts it. */
export async function launchSidecar(
  home: string,
  upstreamPort: number,
  { env = API_KEY, budgets = ONE_BUDGET, config = {} }: SidecarForm = {},
): Promise<Launch & { controlUrl: string }> {
  const port = await freePort();
  const controlPort = await freePort();
  mkdirSync(home, { recursive: true });
  const path = join(home, 'sidecar.config.json');
  const whole = {
    listen: { port },
    control: { port: controlPort },
    upstream: { baseUrl: `http://127.0.0.1:${upstreamPort}` },
    store: { path: 'data/sidecar.db', adopt: false },
    budgets,
    ...config,
  };
  writeFileSync(path, JSON.stringify(whole, null, 2));
  const controlUrl = `http://127.0.0.1:${controlPort}`;
  return {
    command: {
      file: process.execPath,
      args: [...NODE_FLAGS.split(' '), join(PROJECT, 'bin/kling-sidecar.js'), 'start', '--config', path],
      env,
      cwd: home,
    },
    origin: `http://127.0.0.1:${port}`,
    headers: {},
    readyUrls: [`${controlUrl}/readyz`],
    controlUrl,
  };
}

function isThere(): string | null {
  return existsSync(join(PROJECT, 'src/main.ts')) ? null : 'src/main.ts is not there';
}

export const SIDECAR: Peer = {
  name: 'sidecar',
  does: 'everything on: holds, ids, journal, poller, metrics, SQLite with FULL',
  missing: isThere,
  launch: (folder, upstreamPort) => launchSidecar(join(folder, 'sidecar'), upstreamPort),
};

const guards: Peer = {
  name: 'guards',
  does: 'the sidecar where each create has an external task id of the caller’s, and so a guard against repeats',
  isVariant: true,
  missing: isThere,
  async launch(folder, upstreamPort) {
    const externalId = `bench-${POINT_NUMBER}-${REQUEST_NUMBER}`;
    const createBody = JSON.stringify({
      ...(JSON.parse(CREATE_BODY) as object),
      external_task_id: externalId,
    });
    return { ...(await launchSidecar(join(folder, 'guards'), upstreamPort)), createBody };
  },
};

const full: Peer = {
  name: 'full',
  does: 'the sidecar with four budgets that each create matches, an idempotency key in each, and signed tokens (JWT)',
  isVariant: true,
  missing: isThere,
  async launch(folder, upstreamPort) {
    const form = { env: KEY_PAIR, budgets: FOUR_BUDGETS };
    const headers = { 'idempotency-key': `bench-${POINT_NUMBER}-${REQUEST_NUMBER}` };
    return { ...(await launchSidecar(join(folder, 'full'), upstreamPort, form)), headers };
  },
};

export const TRACED: Peer = {
  name: 'traced',
  does: 'the sidecar with every trace exported by OTLP to a collector in the bench itself',
  isVariant: true,
  missing: isThere,
  async launch(folder, upstreamPort) {
    const env = {
      ...API_KEY,
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_ENDPOINT: await startCollector(),
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      // Everything is to be exported, also at the bench's rates.
      OTEL_BSP_MAX_QUEUE_SIZE: '65536',
    };
    return launchSidecar(join(folder, 'traced'), upstreamPort, { env });
  },
};

/** Measured side by side with the sidecar only: the limits of no bench would be reached. */
export const LIMITED: Peer = {
  name: 'limited',
  does: 'the sidecar with limits of product, model, minute and app, none of which is reached',
  isVariant: true,
  missing: isThere,
  launch(folder, upstreamPort) {
    const limits = {
      concurrency: { video: 100_000, image: 100_000, 'kling-v2-5-turbo': 100_000 },
      requestsPerMinute: 1_000_000,
    };
    return launchSidecar(join(folder, 'limited'), upstreamPort, { config: { limits } });
  },
};

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

/** The sidecar and its other forms, in the order of the tables. */
export const SIDECARS: readonly Peer[] = [SIDECAR, guards, full, TRACED];
