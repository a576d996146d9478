/** A control plane on real sockets over a real SQLite ledger, for the tests of this folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { alertCommands } from '../../src/app/alert-commands.ts';
import { claimCommands, slaCommands } from '../../src/app/sla-commands.ts';
import { applyBudgets, raiseBudget } from '../../src/budget/budget-table.ts';
import type { BudgetRule } from '../../src/budget/budget-rule.ts';
import type { NewHold } from '../../src/budget/hold.ts';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { ControlCommands } from '../../src/control/commands.ts';
import { createControlPlane, type ControlPlane, type ControlPlaneOptions } from '../../src/control/plane.ts';
import { LIVE_STATUS, START } from './live-status.ts';
import { admit } from '../../src/ledger/admit.ts';
import { freeze, unfreeze } from '../../src/ledger/freeze.ts';
import { openSlots } from '../../src/ledger/open-slots.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { moneyStatus } from '../../src/ledger/status.ts';
import { resetDates } from '../../src/ledger/time.ts';
import { storeModules } from '../../src/app/store-operations.ts';
import { Secret } from '../../src/secret.ts';
import { poolsOf, type WaitingCreate } from '../../src/pacing/slot.ts';
import { createExecutor } from '../../src/store/sqlite/executor.ts';
import { createStore } from '../../src/store/sqlite/migrate.ts';
import type { StoreOperation } from '../../src/store/operation.ts';
import { indexOperations, orderMigrations } from '../../src/store/registry.ts';
import type { Store } from '../../src/store/store.ts';
import { fromWireError } from '../../src/store/sqlite/wire-error.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createTelemetry, type Telemetry } from '../../src/telemetry/telemetry.ts';
import { checklistStandIn, CONFIG_IN_USE, priceBySeconds } from './stand-ins.ts';

export const TOKEN = 'control-token-0123456789';
export { START };

/** A ledger in a file, its operations run in this process. */
export interface TestLedger {
  run<A, R>(operation: StoreOperation<A, R>, args: A): Promise<R>;
  close(): void;
}

/** Opens a fresh ledger in a temporary folder. */
export function openLedger(clock: ManualClock): TestLedger {
  const folder = mkdtempSync(path.join(tmpdir(), 'control-'));
  const file = path.join(folder, 'sidecar.db');
  createStore(file, orderMigrations(storeModules), clock);
  const db = new Database(file);
  const operations = indexOperations(storeModules);
  const executors = {
    read: createExecutor(db, operations, { access: 'read', clock }),
    write: createExecutor(db, operations, { access: 'write', clock }),
  };
  // One batch at a time, as the workers do it.
  let last: Promise<unknown> = Promise.resolve();
  return {
    async run<A, R>(operation: StoreOperation<A, R>, args: A): Promise<R> {
      const batch = last.then(() => executors[operation.access].runBatch([operation.name, args]));
      last = batch.catch(() => undefined);
      const reply = await batch;
      if (reply.kind === 'failed') throw fromWireError(reply.error);
      const failure = reply.failures[0];
      if (failure) throw fromWireError(failure[1]);
      return reply.results[0] as R;
    },
    close() {
      db.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export const DAILY: BudgetRule = {
  name: 'daily',
  limit: 100_000,
  window: 'day',
  timeZone: 'UTC',
  alertAt: [0.8],
  mode: 'enforce',
  match: {},
  per: null,
};

/** One hold as the data plane would make it. */
export function hold(fields: Partial<NewHold> & { holdId: string }): NewHold {
  return {
    requestId: 'req_1',
    at: START,
    app: 'default',
    tag: null,
    path: '/v1/videos/text2video',
    route: '/v1/videos/text2video',
    operation: 'text-to-video',
    model: 'kling-v3',
    mode: 'std',
    product: 'video',
    durationSeconds: '5',
    credits: 10_000,
    basis: 'exact',
    rule: 'kling-v3 std: 2 credits a second, 5 s (a page, 2026-09-20)',
    notes: null,
    weight: 1,
    externalTaskId: 'ks_x',
    prompt: { hash: 'h', preview: 'a cat' },
    upstream: { host: 'api.example', account: 'key-0' },
    owner: { instance: 'test', generation: 1 },
    ...fields,
  };
}

/** Two creates in the queue. */
const WAITING: readonly WaitingCreate[] = [
  { app: 'web', operation: 'text-to-video', pool: 'video', since: START - 2_500, position: 1, waitMs: 1_000 },
  { app: 'ads', operation: 'image-to-video', pool: 'video', since: START - 500, position: 2, waitMs: 4_000 },
];

/** What reads of the store wait for; open unless a test closes it. */
export interface Gate {
  opened: Promise<void>;
}

export interface Rig {
  gate: Gate;
  clock: ManualClock;
  ledger: TestLedger;
  telemetry: Telemetry;
  /** Every log line so far. */
  logged(): string;
  readiness: { ready: boolean; reasons: string[] };
  url: string;
  port: number;
  probesUrl: string | null;
  plane: ControlPlane;
  admit(fields: Partial<NewHold> & { holdId: string }): Promise<void>;
  close(): Promise<void>;
}

/** Starts a plane over a fresh ledger with the given budgets. */
export async function startRig(
  options: Partial<ControlPlaneOptions> = {},
  rules: BudgetRule[] = [DAILY],
): Promise<Rig> {
  const clock = createManualClock(START);
  const ledger = openLedger(clock);
  await ledger.run(applyBudgets, { rules, at: START });
  const pieces: string[] = [];
  const log = createLog({
    level: 'debug',
    pretty: false,
    destination: { write: (text) => void pieces.push(text) },
  });
  const token = new Secret(TOKEN);
  log.hide(token);
  const telemetry = createTelemetry({
    price: () => ({ perCredit: 0.014, currency: 'USD' }),
    environment: 'test',
    version: '9.9.9',
    knownApps: [],
    log,
    clock,
  });
  const readiness = { ready: true, reasons: [] as string[] };
  const gate: Gate = { opened: Promise.resolve() };
  const plane = createControlPlane({
    hosts: ['127.0.0.1'],
    port: 0,
    allowedHosts: [],
    token,
    requireTokenForReads: false,
    dataUrl: 'http://127.0.0.1:5564',
    commands: commandsOf({ ledger, clock, readiness, gate }),
    telemetry,
    results: null,
    probes: null,
    loadPages: null,
    version: '9.9.9',
    log,
    clock,
    ...options,
  });
  const { url, probesUrl } = await plane.start();
  return {
    gate,
    clock,
    ledger,
    telemetry,
    logged: () => {
      log.flush();
      return pieces.join('');
    },
    readiness,
    url,
    port: Number(new URL(url).port),
    probesUrl,
    plane,
    async admit(fields) {
      const result = await ledger.run(admit, { hold: hold(fields), guard: null, enforce: true });
      if (result.kind !== 'admitted') throw new Error(`not admitted: ${result.kind}`);
    },
    async close() {
      await plane.stop();
      await telemetry.shutdown();
      ledger.close();
    },
  };
}

interface Behind {
  ledger: TestLedger;
  clock: ManualClock;
  readiness: { ready: boolean; reasons: string[] };
  gate: Gate;
}

function commandsOf({ ledger, clock, readiness, gate }: Behind): ControlCommands {
  const at = (): number => clock.now();
  const { config } = loadConfig({ env: {}, cwd: '/nowhere' });
  const reader: ControlCommands['reader'] = {
    async read(operation, args) {
      await gate.opened;
      return ledger.run(operation, args);
    },
  };
  const writer: Pick<Store, 'write' | 'background'> = {
    write: reader.read,
    background: (operation, take) => ledger.run(operation, take(false)),
  };
  const sla = { clock, config: () => config, reader, writer: { store: writer, ledger } };
  return {
    reader,
    now: at,
    stuck: () => ({ usualMs: 600_000, byOperation: {} }),
    status: () => LIVE_STATUS,
    queue: () => ({ at: at(), waiting: WAITING }),
    slotHolds: async (pool) => {
      const taken = await reader.read(openSlots, {});
      return taken.filter((slot) => poolsOf(slot).includes(pool)).map(({ holdId }) => holdId);
    },
    money: (when) => reader.read(moneyStatus, when),
    packPrices: () => [],
    checklist: checklistStandIn,
    config: () => Promise.resolve({ readAt: START, ...CONFIG_IN_USE }),
    exhaustion: (budgets) => budgets.map(({ usedPercent }) => (usedPercent < 30 ? null : 5400)),
    cash: () => ({ perCredit: 0.014, currency: 'USD', usdBudgets: ['monthly'] }),
    readiness: () => readiness,
    price: ({ path: target, body }) => priceBySeconds(target, body),
    freeze: async (given) => void (await ledger.run(freeze, { ...given, at: at() })),
    unfreeze: async (given) => void (await ledger.run(unfreeze, { ...given, at: at() })),
    resolveHold: (holdId, action, given) => ledger.run(resolveHold, { holdId, action, ...given, at: at() }),
    raiseBudget: async (raise, given) =>
      void (await ledger.run(raiseBudget, { ...raise, ...given, at: at() })),
    acceptClock: () => Promise.resolve({ clockOffsetMs: -3.5 }),
    resetClock: async (given) => ({
      ...(await ledger.run(resetDates, { ...given, at: at() })),
      datedFrom: at(),
    }),
    reload: () => Promise.resolve({ changed: ['mode'], needRestart: [] }),
    stop: () => Promise.resolve({ pid: 4321, drainMs: 25_000 }),
    alerts: alertCommands({ clock, config: () => config, running: null }),
    sla: slaCommands(sla),
    claims: claimCommands(sla),
    jobs: { list: () => Promise.resolve([]), run: () => Promise.resolve() },
  };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: Record<string, unknown>;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

/** Asks over a real socket; unlike `fetch`, sends any header it is told to. */
export function ask(
  url: string,
  target: string,
  { method = 'GET', headers = {}, body }: Ask = {},
): Promise<Answer> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        host: hostname,
        port,
        method,
        path: target,
        agent: false,
        headers: { ...(text === undefined ? {} : bodyHeaders(text, headers)), ...headers },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => void pieces.push(piece));
        response.on('end', () => {
          const received = Buffer.concat(pieces).toString('utf8');
          const isJson = /json/.test(response.headers['content-type'] ?? '') && received !== '';
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: received,
            json: isJson ? (JSON.parse(received) as Record<string, unknown>) : {},
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

/** Node sends a body with DELETE without its length unless told. */
function bodyHeaders(text: string, headers: Record<string, string>): Record<string, string> {
  const length = String(Buffer.byteLength(text));
  const isChunked = headers['transfer-encoding'] !== undefined;
  return { 'content-type': 'application/json', ...(isChunked ? {} : { 'content-length': length }) };
}

/** The same as an operator: with the control token. */
export function order(url: string, target: string, { headers, ...rest }: Ask = {}): Promise<Answer> {
  return ask(url, target, {
    method: 'POST',
    ...rest,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
  });
}

/** Sends bytes as they are and gives the status line's code. */
export function sendRaw(port: number, text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let received = '';
    socket.on('data', (piece) => {
      received += piece.toString('latin1');
      const match = /^HTTP\/1\.1 (\d{3})/.exec(received);
      if (!match) return;
      socket.destroy();
      resolve(Number(match[1]));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed without an answer')));
  });
}
