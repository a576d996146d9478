/**
 * The floor: the least cost of a durable create. One row for each create, inserted with its hold and updated at its end, each on
 * disk (SQLite, `synchronous=FULL`) before the create continues; callbacks on the usual path.
 *
 * Arguments: port to listen on, port of the upstream, folder of the store. It has no guards, rules, doubts, poller or log, and scans
 * nothing strictly: never a proxy to use, but a figure that the sidecar's can be held against in the same run.
 */
import { randomFillSync } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Pool, type Dispatcher } from 'undici';
import type { FloorAnswer, FloorOperation } from './floor-operation.ts';

const [port = '', upstreamPort = '', folder = '.'] = process.argv.slice(2);
const CREDITS = 3500;
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 64, pipelining: 1 });
const REQUEST_HEADERS = ['content-type', 'application/json', 'authorization', 'Bearer bench-key'];
const HOP_HEADERS = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** The writer: waiting operations are sent as one batch, and one batch runs at a time. */
const writer = new Worker(new URL('./floor-store.ts', import.meta.url), {
  workerData: join(folder, 'floor.db'),
  name: 'store-write',
});
let waiting: FloorOperation[] = [];
let waitingCalls: ((answer: FloorAnswer) => void)[] = [];
let callsUnderWay: ((answer: FloorAnswer) => void)[] | null = null;
let isScheduled = false;

function durable(operation: FloorOperation, call: (answer: FloorAnswer) => void): void {
  waiting.push(operation);
  waitingCalls.push(call);
  schedule();
}

function schedule(): void {
  if (isScheduled || callsUnderWay !== null) return;
  isScheduled = true;
  setImmediate(flush);
}

function flush(): void {
  isScheduled = false;
  const text = JSON.stringify(waiting);
  callsUnderWay = waitingCalls;
  waiting = [];
  waitingCalls = [];
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  writer.postMessage(text);
}

writer.on('message', (text: string) => {
  const answers = JSON.parse(text) as FloorAnswer[];
  const calls = callsUnderWay ?? [];
  callsUnderWay = null;
  for (let i = 0; i < calls.length; i += 1) calls[i]?.(answers[i] ?? 0);
  if (waiting.length > 0) schedule();
});
writer.once('error', (error) => {
  console.error(error);
  process.exit(1);
});

const random = Buffer.alloc(4096);
let randomAt = random.length;

function newId(prefix: string): string {
  if (randomAt + 10 > random.length) {
    randomFillSync(random);
    randomAt = 0;
  }
  const id = prefix + Date.now().toString(36) + random.toString('hex', randomAt, randomAt + 10);
  randomAt += 10;
  return id;
}

interface Answered {
  status: number;
  rawHeaders: Buffer[];
  body: Buffer;
}

/** Gathers one answer of the upstream; `done` gets null for a failed call. */
class Gathering implements Dispatcher.DispatchHandler {
  #status = 0;
  #rawHeaders: Buffer[] = [];
  #body: Buffer | null = null;
  readonly #done: (answer: Answered | null) => void;

  constructor(done: (answer: Answered | null) => void) {
    this.#done = done;
  }

  onRequestStart(): void {}
  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
    this.#rawHeaders = controller.rawHeaders as Buffer[];
  }
  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body = this.#body === null ? chunk : Buffer.concat([this.#body, chunk]);
  }
  onResponseEnd(): void {
    this.#done({ status: this.#status, rawHeaders: this.#rawHeaders, body: this.#body ?? Buffer.alloc(0) });
  }
  onResponseError(): void {
    this.#done(null);
  }
}

function forward(
  incoming: IncomingMessage,
  body: Buffer | null,
  done: (answer: Answered | null) => void,
): void {
  const method = incoming.method as Dispatcher.HttpMethod;
  const options = { method, path: incoming.url ?? '/', headers: REQUEST_HEADERS, body };
  pool.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, new Gathering(done));
}

function answer(outgoing: ServerResponse, { status, rawHeaders, body }: Answered, own: string[]): void {
  const lines: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toString('latin1') ?? '';
    if (!HOP_HEADERS.has(name.toLowerCase())) lines.push(name, rawHeaders[i + 1]?.toString('latin1') ?? '');
  }
  outgoing.writeHead(status, [...lines, ...own]);
  outgoing.end(body.toString('latin1'), 'latin1');
}

interface CreateBody {
  external_task_id?: string;
  model_name: string;
  mode: string;
  duration: string;
  prompt: string;
}
interface CreateAnswer {
  code: number;
  request_id: string;
  data: { task_id: string };
}

let creates = 0;

function create(incoming: IncomingMessage, outgoing: ServerResponse, bytes: Buffer): void {
  const startedMs = performance.now();
  const text = bytes.toString('utf8');
  const body = JSON.parse(text) as CreateBody;
  const externalId = body.external_task_id ?? newId('ks_');
  const at = Date.now();
  const requestId = newId('req_');
  const path = incoming.url ?? '/';
  const sent =
    body.external_task_id === undefined
      ? Buffer.from(`{"external_task_id":"${externalId}",${text.slice(1)}`)
      : bytes;
  creates += 1;
  const number = creates;
  const request = [number, newId('hold_'), requestId, at, 'default', null, path, path, 'text2video'];
  const product = [body.model_name, body.mode, 'video', body.duration, CREDITS, 'exact', 1];
  const rest = [
    externalId,
    'abcdef0123456789',
    body.prompt.slice(0, 80),
    'daily~0123456789abcdef.2026-11-27',
    0,
    0,
  ];
  durable(['hold', CREDITS, [...request, ...product, ...rest]], (left) => {
    if (left < 0) {
      outgoing.writeHead(402).end();
      return;
    }
    const sentMs = performance.now();
    forward(incoming, sent, (answered) => {
      if (answered === null) {
        outgoing.destroy();
        return;
      }
      const answeredMs = performance.now();
      const kling = JSON.parse(answered.body.toString('latin1')) as CreateAnswer;
      const upstreamMs = answeredMs - sentMs;
      const outcome = [kling.data.task_id, answered.status, kling.code, kling.request_id];
      const sizes = [upstreamMs, sentMs - startedMs, sent.length, answered.body.length, 12, at, number];
      durable(['end', at, [...outcome, ...sizes]], () => {
        const ownMs = performance.now() - startedMs - upstreamMs;
        const timing = `upstream;dur=${upstreamMs.toFixed(2)}, sidecar;dur=${ownMs.toFixed(2)}, queue;dur=0.00`;
        const money = ['x-kling-credits-held', '3.5', 'x-kling-budget-remaining', String(left / 1000)];
        const ids = ['x-request-id', requestId, 'x-kling-external-task-id', externalId];
        answer(outgoing, answered, ids.concat(money, 'server-timing', timing));
      });
    });
  });
}

function read(incoming: IncomingMessage, outgoing: ServerResponse): void {
  forward(incoming, null, (answered) => {
    if (answered === null) {
      outgoing.destroy();
      return;
    }
    JSON.parse(answered.body.toString('latin1'));
    answer(outgoing, answered, ['x-request-id', newId('req_')]);
  });
}

const server = createServer((incoming, outgoing) => {
  outgoing.sendDate = false;
  if (incoming.method !== 'POST') {
    read(incoming, outgoing);
    return;
  }
  let bytes: Buffer | null = null;
  incoming.on('data', (chunk: Buffer) => (bytes = bytes === null ? chunk : Buffer.concat([bytes, chunk])));
  incoming.once('end', () => create(incoming, outgoing, bytes ?? Buffer.alloc(0)));
});
server.listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
