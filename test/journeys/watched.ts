/**
 * Thousands of tasks watched to their ends: callbacks are lost, doubled, reordered, early, late and forged, Kling's queries are down for
 * hours, and the sidecar is killed and started again.
 *
 * The emulator and the callers live here, the sidecar in a process of its own; both follow one clock that only this story moves. What is
 * created and what meets it follow from the seed; when a kill meets it does not.
 */
import { createServer, type Server } from 'node:http';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import type { ForgedSignature } from '../../src/emulator/callback-orders.ts';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { get, post } from '../app/calls.ts';
import { freePort } from '../cli/free-port.ts';
import { randomOf } from '../random-numbers.ts';
import { turns } from '../money/hand-clock.ts';
import { MovedSidecar } from './moved-sidecar.ts';
import { makeScene, type Scene } from './watched-scenes.ts';

const CALLERS = 16;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The largest step of the clock: the sidecar's and Kling's clocks are apart by one step while they move. */
const STEP_MS_MAX = MINUTE;
const SECRET = 'whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=';
const FORGED_URL = 'forged.mp4';
const SIGNATURES: readonly ForgedSignature[] = ['none', 'wrong', 'stale', 'right'];
/** How Kling does not answer a query. */
const DOWN: readonly FaultOrder[] = [
  { kind: 'code', code: 5001 },
  { kind: 'http', status: 502 },
  { kind: 'reset_before_charge' },
];
const QUERIES = [
  { method: 'GET', path: '/' },
  { method: 'POST', path: '/tasks' },
  { method: 'POST', path: '/account' },
];

export interface Hold {
  id: string;
  state: string;
  inDoubt: boolean;
  settledCredits: number;
  taskId: string | null;
  externalTaskId: string | null;
  tag: string | null;
}

export interface Order {
  folder: string;
  tasks: number;
  rounds: number;
  seed: number;
}

export class Watched {
  readonly clock: ManualClock;
  readonly emulator: Emulator;
  readonly sidecar: MovedSidecar;
  readonly scenes: Scene[] = [];
  /** Sentences of what went wrong on the way. */
  readonly problems: string[] = [];
  forged = 0;
  downMs = 0;
  readonly #order: Order;
  readonly #random: () => number;
  /** What arrived at the addresses of the callers' own. */
  readonly received: { path: string; body: string }[] = [];
  readonly #receiver: Server;
  #ownUrl = '';

  constructor(order: Order) {
    this.#order = order;
    this.#random = randomOf(order.seed);
    this.clock = createManualClock(Date.now());
    this.emulator = createEmulator({
      clock: this.clock,
      port: 0,
      taskSeconds: { submitted: 5, processing: 90 },
      concurrency: { video: 1_000_000, image: 1_000_000 },
      packs: [
        { name: 'Watched-Video-9000000Units-9999Con-6Months', product: 'video', units: 9_000_000 },
        { name: 'Watched-Image-9000000Units-9999Con-6Months', product: 'image', units: 9_000_000 },
      ],
      billing: { delayMs: 20 * MINUTE, packLagMs: 12 * HOUR },
    });
    this.sidecar = new MovedSidecar(order.folder, {
      KLING_API_KEY: 'emulator-key',
      KLING_WEBHOOK_SECRET: SECRET,
    });
    this.#receiver = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        this.received.push({ path: request.url ?? '', body });
        response.end('ok');
      });
    });
  }

  async start(): Promise<void> {
    const { url } = await this.emulator.start();
    await new Promise<void>((resolve) => this.#receiver.listen(0, '127.0.0.1', resolve));
    const address = this.#receiver.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.#ownUrl = `http://127.0.0.1:${address.port}`;
    const port = await freePort();
    const config = {
      listen: { port: 0 },
      control: { port: 0 },
      upstream: { baseUrl: url },
      breaker: null,
      limits: { concurrency: { video: 100_000, image: 100_000 } },
      budgets: [
        { name: 'all', credits: 100_000_000, window: 'total' },
        { name: 'each-app', credits: 100_000_000, window: 'day', timeZone: 'UTC', per: 'app' },
      ],
      callbacks: {
        publicUrl: `http://127.0.0.1:${port}`,
        host: '127.0.0.1',
        port,
        requestsPerSecond: 10_000,
        relay: true,
        relayTo: [`127.0.0.1:${address.port}`],
      },
    };
    await writeFile(path.join(this.#order.folder, 'sidecar.config.json'), JSON.stringify(config));
    await this.sidecar.start(this.clock.now());
  }

  async stop(): Promise<void> {
    await this.sidecar.kill();
    await this.emulator.stop();
    this.#receiver.closeAllConnections();
    await new Promise((resolve) => this.#receiver.close(resolve));
  }

  /** Runs all rounds. */
  async run(): Promise<void> {
    const { tasks, rounds } = this.#order;
    for (let round = 0; round < rounds; round += 1) {
      const count = Math.floor((tasks * (round + 1)) / rounds) - this.scenes.length;
      const hasOutage = round % 2 === 0;
      this.#setCallbacks(round);
      await this.#create(count);
      // Only now: a new store takes over what was spent before its first create.
      this.emulator.spendForeign({ units: 3.3, task: round % 2 === 0 });
      await this.#forgeSome(10);
      await this.#contradict();
      await this.#killPerhaps(0.5);
      if (hasOutage) await this.#outage();
      await this.move(Math.floor(this.#random() * 10 * MINUTE), 5 * SECOND);
    }
    this.emulator.setCallbacks({ loseShare: 0, doubleShare: 0, reorderShare: 0, earlyShare: 0, lateMs: 0 });
    // Until the last late task is made: what is charged does not change from then on.
    await this.move(10 * MINUTE, 5 * SECOND);
  }

  /** Moves both clocks on, Kling's first; a sidecar that is not running is not moved. */
  async move(byMs: number, stepMs = SECOND): Promise<void> {
    const step = Math.min(stepMs, STEP_MS_MAX);
    for (let moved = 0; moved < byMs; moved += step) {
      await this.clock.advance(Math.min(step, byMs - moved));
      if (this.sidecar.isRunning) await this.sidecar.advance(Math.min(step, byMs - moved));
      else await turns();
    }
  }

  /** Every hold of the ledger. */
  holds(): Promise<Hold[]> {
    return this.#pages<Hold>('holds');
  }

  /** Everything in a list of the control plane. */
  async #pages<Row>(list: 'holds' | 'tasks'): Promise<Row[]> {
    const { control } = await this.sidecar.serving();
    const rows: Row[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { json } = await get(`${control}/v1/${list}?limit=1000${cursor && `&cursor=${cursor}`}`);
      const page = json as unknown as Record<string, Row[]> & { nextCursor: string | null };
      rows.push(...(page[list] ?? []));
      cursor = page.nextCursor;
    }
    return rows;
  }

  /** All that forged callbacks must not change. */
  async #books(): Promise<string> {
    const { control } = await this.sidecar.serving();
    const rows = (await this.holds()).map(
      ({ id, state, inDoubt, settledCredits, taskId }) =>
        `${id} ${state} ${inDoubt} ${settledCredits} ${taskId ?? '-'}`,
    );
    const tasks = await this.#pages<{ id: string; state: string }>('tasks');
    const states = tasks.map(({ id, state }) => `${id} ${state}`);
    const { json } = await get(`${control}/v1/budgets`);
    const { budgets } = json as unknown as { budgets: Record<string, unknown>[] };
    // How long a budget lasts is a forecast: it changes as time goes on.
    const kept = budgets.map((budget) => JSON.stringify({ ...budget, exhaustionSeconds: null }));
    return [...rows, ...states, ...kept].join('\n');
  }

  #setCallbacks(round: number): void {
    const share = (): number => this.#random() * 0.4;
    this.emulator.setCallbacks({
      secret: SECRET,
      loseShare: share(),
      doubleShare: share(),
      reorderShare: share(),
      earlyShare: share(),
      lateMs: round % 3 === 0 ? 0 : this.#random() * 10 * MINUTE,
      retryMs: round % 2 === 0 ? [] : [5 * SECOND, MINUTE],
      seed: this.#order.seed + round,
    });
  }

  /** Sends creates from many callers at once, while the clock moves and kills meet them. */
  async #create(count: number): Promise<void> {
    const first = this.scenes.length;
    const made = Array.from({ length: count }, (_, i) => makeScene(first + i, this.#random, this.#ownUrl));
    this.scenes.push(...made);
    const waiting = [...made];
    let atWork = CALLERS;
    const callers = Array.from({ length: CALLERS }, async () => {
      for (let scene = waiting.shift(); scene !== undefined; scene = waiting.shift()) await this.#send(scene);
      atWork -= 1;
    });
    const done = Promise.all(callers);
    let kills = this.#random() < 0.7 ? 1 + Math.floor(this.#random() * 2) : 0;
    // oxlint-disable-next-line no-unmodified-loop-condition -- the callers change it
    for (let step = 0; atWork > 0; step += 1) {
      await this.move(250, 250);
      if (kills > 0 && step > 3 && this.#random() < 0.1) {
        kills -= 1;
        await this.#killPerhaps(1);
      }
    }
    await done;
  }

  /** Sends one create, never twice; what its caller does not hear is the sidecar's to find out. */
  async #send(scene: Scene): Promise<void> {
    const { data } = await this.sidecar.serving();
    if (scene.fault !== null) this.emulator.addFault(scene.fault);
    try {
      const { status, json } = await post(data + scene.path, scene.body, { 'x-kling-tag': scene.tag });
      scene.status = status;
      const id = status === 200 ? (json.data['task_id'] ?? json.data['id']) : null;
      scene.taskId = typeof id === 'string' ? id : null;
    } catch {
      scene.status = 0;
    }
  }

  async #killPerhaps(share: number): Promise<void> {
    if (this.#random() >= share) return;
    await this.sidecar.kill();
    if (this.#random() < 0.5) await this.move(this.#random() * 2 * MINUTE, 10 * SECOND);
    await this.sidecar.start(this.clock.now());
  }

  /** Forges callbacks to addresses of the sidecar's, of tasks at random. */
  async #forgeSome(count: number): Promise<void> {
    const charges = this.emulator.callbacks().filter(({ url }) => !url.startsWith(this.#ownUrl));
    if (charges.length === 0) return;
    const forgeries = Array.from({ length: count }, () => {
      const sent = charges[Math.floor(this.#random() * charges.length)];
      const drawn = SIGNATURES[Math.floor(this.#random() * SIGNATURES.length)] ?? 'none';
      // Who has Kling's secret is Kling to a caller that is relayed to: there only the others are forgeries.
      const isRelayed = this.scenes.find(({ taskId }) => taskId === sent?.taskId)?.hasOwnUrl !== false;
      const signature = isRelayed && drawn === 'right' ? 'stale' : drawn;
      const isNew = sent?.status === 'succeeded';
      const status = this.#random() < 0.5 ? 'failed' : isNew ? 'succeeded' : 'succeed';
      return { taskId: sent?.taskId ?? '', status, signature };
    });
    for (const forgery of forgeries) {
      await this.emulator.forgeCallback(forgery);
      this.forged += 1;
    }
  }

  /** Takes back, in an app's read, the end of tasks that have settled; nothing may change. */
  async #contradict(): Promise<void> {
    const settled = new Set(
      (await this.holds()).filter(({ state }) => state === 'settled').map(({ taskId }) => taskId),
    );
    const ended = this.scenes.filter(
      ({ taskId, path: at }) => taskId !== null && settled.has(taskId) && at.startsWith('/v1/'),
    );
    const { data } = await this.sidecar.serving();
    for (const scene of ended.slice(-5)) {
      const at = `${scene.path}/${scene.taskId}`;
      this.emulator.addFault({ kind: 'contradiction', match: { method: 'GET', path: at } });
      const { json } = await get(data + at);
      if (json.data['task_status'] !== 'failed') this.problems.push(`${at} was not contradicted`);
    }
  }

  /** Kling answers no query for hours; callbacks, forged and real, go on. */
  async #outage(): Promise<void> {
    const fault = DOWN[Math.floor(this.#random() * DOWN.length)] ?? { kind: 'http' };
    for (const match of QUERIES) this.emulator.addFault({ ...fault, match, times: 'always' });
    await this.move(10 * SECOND);
    const before = await this.#books();
    await this.#forgeSome(40);
    await this.move(MINUTE, 5 * SECOND);
    const after = await this.#books();
    if (before !== after)
      this.problems.push(`forged callbacks changed the ledger:\n${difference(before, after)}`);
    const hours = 1 + Math.floor(this.#random() * 3);
    await this.move((hours * HOUR) / 2, 30 * SECOND);
    await this.#killPerhaps(0.5);
    await this.move((hours * HOUR) / 2, 30 * SECOND);
    this.downMs += hours * HOUR;
    this.emulator.clearFaults();
  }

  /** The bodies that reached callers' own addresses and were forged. */
  get forgedAtCallers(): string[] {
    return this.received.filter(({ body }) => body.includes(FORGED_URL)).map(({ path: at }) => at);
  }
}

function difference(before: string, after: string): string {
  const had = new Set(before.split('\n'));
  return after
    .split('\n')
    .filter((line) => !had.has(line))
    .slice(0, 10)
    .join('\n');
}
