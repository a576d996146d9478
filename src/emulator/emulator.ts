/**
 * Kling's API on loopback: for the demo, for tests, and for users' own CI.
 *
 * It keeps one account with its own tasks, packs and charge book, refuses the same requests as Kling, and makes faults
 * on order. It was written from Kling's documents and shares only the vocabulary with the client code: it must not have
 * the same mistakes, since it must find them.
 *
 * **Invariant**: a request that was carried out and charged is in the book before any byte of its answer leaves.
 * It listens only on the configured addresses, sends requests only to the addresses of callbacks, and writes nothing to disk.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { sleep, type Clock } from '../clock.ts';
import { listenAt, LOOPBACKS, urlOf } from '../listen.ts';
import type { Ms, Product } from '../units.ts';
import { closeAccount, createAccount, type KlingAccount } from './account.ts';
import type { Answers } from './answer-counts.ts';
import { createAuthenticate, type Authenticate } from './auth.ts';
import type { Book } from './book.ts';
import type { CallbackSettings, Forgery } from './callback-orders.ts';
import type { SentCallback } from './callback-line.ts';
import { control, CONTROL_PREFIX, slotsOf } from './control.ts';
import { deliver, reset as dropConnection } from './delivery.ts';
import { EMULATOR_CREDENTIALS } from './emulator-help.ts';
import { createFaults, replyAfter, replyInstead, taskOrders, type Fault, type FaultOrder } from './faults.ts';
import { spendForeign, type ForeignSpend } from './foreign-spend.ts';
import { codeReply, KlingRefusal, withRetryAfter, type Reply, type RetryAfter } from './replies.ts';
import type { BillingSettings } from './ledger-rows.ts';
import { createRequestRecord, type RecordedRequest } from './request-record.ts';
import { FILES_PREFIX } from './result-files.ts';
import { isCreate, routeOf } from './routes.ts';
import type { SlotUse } from './slots.ts';
import type { CashOptions, PackOptions } from './wallet.ts';

export interface EmulatorOptions {
  /** The clock of waits and dates. */
  clock: Clock;
  /** The addresses and the port; 0 lets the system choose a port. Default: both loopbacks and 5566. */
  host?: string;
  port?: number;
  /** The speed of tasks' ages, as a multiple of the clock's (above 0). Default 1. */
  speed?: number;
  apiKey?: string;
  accessKey?: string;
  secretKey?: string;
  /** Default: one video and one image pack of six months, which began three months ago. */
  packs?: readonly PackOptions[];
  /** Money that pays if no pack can. Default none. */
  cash?: CashOptions | null;
  /** Slots of a product. Default: the largest `Con` among the active packs' names. */
  concurrency?: Partial<Record<Product, number>>;
  /** Slots of a model, in addition to its product's, such as `{ 'kling-v3': 1 }`. Default none. */
  modelConcurrency?: Readonly<Record<string, number>>;
  /** Requests in a minute of the clock, of creates and reads together; more are 429/1302. Default no limit. */
  requestsPerMinute?: number | null;
  /** `Retry-After` on the emulator's own 1302 and 1303. Default none, as far as is known of Kling. */
  retryAfter?: RetryAfter | null;
  /** The times for which a task is `submitted`, then `processing`, at speed 1. Default 1 s and 5 s. */
  taskSeconds?: { submitted?: number; processing?: number };
  /** Whether requests are kept for {@link Emulator.requests} (the last ones, up to 64 MiB). Default true. */
  recordRequests?: boolean;
  /** Size of a video result, at most 2 GiB; it is made while it is sent. Default 32 KiB. */
  resultBytes?: number;
  /** How callbacks are sent. Default: each one once, not signed. */
  callbacks?: Partial<CallbackSettings>;
  /** How far the ledgers and the packs' reports are behind, by age. Default: not at all. */
  billing?: Partial<BillingSettings>;
}

export interface Emulator {
  /** Begins to listen; rejects if the port is in use. */
  start(): Promise<{ url: string; port: number }>;
  /** Drops every connection and stops; harmless if it was not started. */
  stop(): Promise<void>;
  book(): Book;
  /** How often each code was answered. */
  answers(): Answers;
  slots(): Record<Product, SlotUse>;
  /** The requests that arrived at Kling's paths and result URLs, oldest first. */
  requests(): readonly RecordedRequest[];
  warnings(): readonly string[];
  /** What was sent to the addresses of callbacks, oldest first; tries and copies are entries of their own. */
  callbacks(): readonly SentCallback[];
  setCallbacks(settings: Partial<CallbackSettings>): void;
  /** Sends a forged callback; rejects if its task is unknown or has no address. */
  forgeCallback(forgery: Forgery): Promise<SentCallback>;
  setBilling(settings: Partial<BillingSettings>): void;
  /** Somebody else on the account spends; gives the task id of the charge. Throws if nothing can pay. */
  spendForeign(spend: ForeignSpend): string;
  addFault(order: FaultOrder): Fault;
  faults(): readonly Fault[];
  clearFaults(): void;
  /** Makes tasks, URLs and sessions older by `byMs`, like `POST /_emulator/clock`. */
  advance(byMs: Ms): void;
  /** Resets everything: no tasks, no charges, full packs, no faults, no recorded requests, the clock of the start. */
  reset(): void;
}

export const EMULATOR_PORT = 5566;
/** The largest accepted body, from the vendor's limits on media. */
const BODY_BYTES_MAX = 128 * 1024 * 1024;

export const DEFAULT_PACKS: readonly PackOptions[] = [
  { name: 'Trial-Video-1000Units-5Con-6Months', product: 'video', units: 1000 },
  { name: 'Trial-Image-10000Units-9Con-6Months', product: 'image', units: 10_000 },
];

/** Makes an emulator; nothing listens before {@link Emulator.start}. */
export function createEmulator(options: EmulatorOptions): Emulator {
  const { clock, host, port = EMULATOR_PORT, retryAfter = null } = options;
  const authenticate = createAuthenticate({
    apiKey: options.apiKey ?? EMULATOR_CREDENTIALS.apiKey,
    accessKey: options.accessKey ?? EMULATOR_CREDENTIALS.accessKey,
    secretKey: options.secretKey ?? EMULATOR_CREDENTIALS.secretKey,
  });
  const faults = createFaults();
  const record = createRequestRecord(options.recordRequests ?? true);
  let origin = '';
  let servers: Server[] = [];
  let account = openAccount(options, () => origin);
  const reset = (): void => {
    faults.clear();
    record.clear();
    closeAccount(account);
    account = openAccount(options, () => origin);
  };
  const make = (): Server =>
    createServer((request, response) => {
      const served = serve(
        { request, response },
        { clock, faults, record, authenticate, reset, retryAfter, account: () => account },
      );
      served.catch(() => dropConnection(response));
    });
  return {
    async start() {
      const hosts = host === undefined ? LOOPBACKS : [host];
      const had = await listenAt(make, { hosts, port, setting: 'the emulator’s port' });
      servers = had.servers;
      account.callbacks.open();
      origin = urlOf(had.hosts[0] ?? '', had.port);
      return { url: origin, port: had.port };
    },
    async stop() {
      account.callbacks.close();
      await Promise.all(servers.map(close));
    },
    book: () => account.book.read(),
    answers: () => account.answers.read(),
    slots: () => slotsOf(account),
    requests: () => record.list(),
    warnings: () => account.warnings,
    callbacks: () => account.callbacks.list(),
    setCallbacks: (settings) => account.callbacks.set(settings),
    forgeCallback: (forgery) => account.callbacks.forge(forgery),
    setBilling: (settings) => account.book.rows.set(settings),
    spendForeign: (spend) => spendForeign(spend, account),
    addFault: (order) => faults.add(order),
    faults: () => faults.list(),
    clearFaults: () => faults.clear(),
    advance: (byMs) => account.time.advance(byMs),
    reset,
  };
}

function openAccount(options: EmulatorOptions, origin: () => string): KlingAccount {
  return createAccount({
    clock: options.clock,
    speed: options.speed ?? 1,
    packs: options.packs ?? DEFAULT_PACKS,
    cash: options.cash ?? null,
    concurrency: options.concurrency ?? {},
    modelConcurrency: options.modelConcurrency ?? {},
    requestsPerMinute: options.requestsPerMinute ?? null,
    timing: {
      submittedMs: (options.taskSeconds?.submitted ?? 1) * 1000,
      processingMs: (options.taskSeconds?.processing ?? 5) * 1000,
    },
    origin,
    resultBytes: options.resultBytes ?? 32_768,
    callbacks: options.callbacks ?? {},
    billing: options.billing ?? {},
  });
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}
interface Serving {
  clock: Clock;
  account: () => KlingAccount;
  faults: ReturnType<typeof createFaults>;
  record: ReturnType<typeof createRequestRecord>;
  authenticate: Authenticate;
  retryAfter: RetryAfter | null;
  reset: () => void;
}

async function serve({ request, response }: Exchange, serving: Serving): Promise<void> {
  const { clock, faults, record } = serving;
  const method = request.method ?? 'GET';
  const target = request.url ?? '/';
  const path = target.split('?', 1)[0] ?? '/';
  const body = await readBody(request);
  const isControl = path === CONTROL_PREFIX || path.startsWith(`${CONTROL_PREFIX}/`);
  const { time } = serving.account();
  if (isControl) {
    const reply = await controlReply({ method, path, body: body ?? Buffer.alloc(0) }, serving);
    await deliver({ response, reply, fault: undefined, dateMs: time.wallMs() }, clock);
    return;
  }
  record.add(request, body ?? Buffer.alloc(0), time.wallMs());
  const incoming: Incoming = { request, method, path, target, body };
  const hasRange = request.headers.range !== undefined;
  const fault = faults.take({ method, path, body: body ?? Buffer.alloc(0), hasRange });
  if (fault?.kind === 'latency') await sleep(clock, fault.ms ?? 1000);
  const skewMs = fault?.kind === 'clock_skew' ? (fault.ms ?? 600_000) : 0;
  const { answers } = serving.account();
  const reply = await replyTo(incoming, fault, serving, skewMs);
  if (!path.startsWith(FILES_PREFIX)) answers.add(reply, isCreate(method, path));
  if (reply === 'reset') dropConnection(response);
  if (reply === 'reset' || reply === 'silence') return;
  await deliver({ response, reply, fault, dateMs: time.wallMs() + skewMs }, clock);
}

interface Incoming {
  request: IncomingMessage;
  method: string;
  path: string;
  target: string;
  /** Null if it was above the limit. */
  body: Buffer | null;
}

async function replyTo(
  incoming: Incoming,
  fault: Fault | undefined,
  serving: Serving,
  skewMs: Ms,
): Promise<Reply | 'reset' | 'silence'> {
  const nowMs = serving.account().time.wallMs() + skewMs;
  const run = (): Promise<Reply> => carryOut(incoming, fault, serving, skewMs);
  // A late task that is refused then, such as for an external id that is in use by now, has nobody to answer.
  if (fault?.kind === 'late_task') serving.clock.after(fault.ms ?? 5000, () => void run().catch(() => {}));
  const instead = fault === undefined ? undefined : replyInstead(fault, nowMs);
  if (instead !== undefined) return instead;
  const reply = await run().catch((error: unknown) => refusalReply(error, serving.retryAfter, nowMs));
  return fault === undefined ? reply : replyAfter(fault, reply);
}

async function carryOut(
  incoming: Incoming,
  fault: Fault | undefined,
  serving: Serving,
  skewMs: Ms,
): Promise<Reply> {
  const { request, method, path, target, body } = incoming;
  const account = serving.account();
  if (path.startsWith(FILES_PREFIX))
    return account.files.serve({ method, target, headers: request.headers, fault });
  const nowMs = account.time.wallMs() + skewMs;
  const apiKeyName = await serving.authenticate(request.headers.authorization, path, nowMs);
  account.rate.take();
  if (body === null)
    throw new KlingRefusal(1200, `Invalid request parameters: the body is over ${BODY_BYTES_MAX} bytes`);
  const route = routeOf(method, path);
  const query = new URLSearchParams(target.slice(path.length + 1));
  const contentType = request.headers['content-type'] ?? '';
  const orders = taskOrders(fault);
  return await route({ method, path, query, body, contentType, apiKeyName, orders }, account);
}

function refusalReply(error: unknown, retryAfter: RetryAfter | null, nowMs: Ms): Reply {
  if (error instanceof KlingRefusal) {
    const reply = codeReply(error.code, error.message);
    const isThrottle = error.code === 1302 || error.code === 1303;
    return isThrottle && retryAfter !== null ? withRetryAfter(reply, retryAfter, nowMs) : reply;
  }
  return codeReply(5000, `the emulator failed: ${error instanceof Error ? error.message : String(error)}`);
}

function controlReply(
  asked: { method: string; path: string; body: Buffer },
  serving: Serving,
): Promise<Reply> {
  const { account, faults, reset, record } = serving;
  const requests = (): ReturnType<typeof record.heads> => record.heads();
  return control(asked, { account, faults, reset, requests });
}

/** Reads a whole body; gives null, after its end, if it is above the limit. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return length > BODY_BYTES_MAX ? null : Buffer.concat(chunks);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
