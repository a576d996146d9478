/**
 * A storm of SIGKILLs: a real sidecar process is killed again and again while 16 callers create through it, before an emulator that
 * resets, truncates, refuses and answers late. Callers send again what was not answered, one in five without a key or an id.
 *
 * Each create is a scene with a prompt and a tag of its own, so that what arrived at Kling and what the ledger says can be compared
 * scene by scene. What callers send and which fault meets it follow from the seed; when a kill meets a create does not.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sleep, systemClock } from '../../src/clock.ts';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/emulator.ts';
import type { Fault, FaultOrder } from '../../src/emulator/faults.ts';
import type { RecordedRequest } from '../../src/emulator/request-record.ts';
import { post, textToVideo, type Got } from '../app/calls.ts';
import { end, launch, untilItServes, type Daemon, type Launched } from '../app/processes.ts';
import { randomOf } from '../random-numbers.ts';

const CALLERS = 16;
const PATH = '/v1/videos/text2video';
const ENV = { KLING_API_KEY: 'emulator-key' };
const EMULATOR: EmulatorOptions = {
  clock: systemClock,
  port: 0,
  speed: 100,
  concurrency: { video: 100_000 },
  packs: [{ name: 'Storm-Video-1000000Units-100000Con-6Months', product: 'video', units: 1_000_000 }],
};
/** How often a caller repeats a create. */
const REPEATS_MAX = 5;
const PAUSE_MS_MAX = 40;
/** How long a process serves before it is killed, and how long a start may take that is killed before. */
const SERVING_MS_MAX = 700;
const STARTING_MS_MAX = 900;

const FAULTS: readonly FaultOrder[] = [
  { kind: 'reset_before_charge' },
  { kind: 'reset_after_charge' },
  { kind: 'no_answer_before_charge' },
  { kind: 'no_answer_after_charge' },
  { kind: 'truncate' },
  { kind: 'truncate_chunked' },
  { kind: 'http', status: 502 },
  { kind: '5xx_after_charge' },
  { kind: 'html_after_charge' },
  { kind: 'missing_task_id' },
  { kind: 'code', code: 1302 },
  { kind: 'code', code: 1303, times: 2 },
  { kind: 'retry_after', seconds: 1 },
  { kind: 'latency', ms: 200 },
  { kind: 'latency', ms: 900 },
  { kind: 'fail_task' },
  { kind: 'charge_units', units: 7 },
];
/** Answers that prove that nothing was made: only these let a create be sent once more. */
const PROOFS: readonly string[] = ['code', 'retry_after'];
/** Answers after which a caller sends again: those that SDKs repeat, and our own that nobody knows the outcome. */
const AGAIN: readonly number[] = [409, 424, 429, 502, 503, 504];

export interface Scene {
  tag: string;
  /** Whether it has an idempotency key, or an external task id of its own: a repeat gets the first answer at any time. */
  hasIdentity: boolean;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  fault: Fault | null;
  /** Task ids that callers got with a 200. */
  taskIds: Set<string>;
  /** The statuses that callers got; 0 for a connection that ended without one. */
  statuses: number[];
  /** How many creates of it arrived at Kling. */
  arrived: number;
}

export interface Storm {
  emulator: Emulator;
  scenes: Map<string, Scene>;
  kills: number;
  /** Starts that were killed before they served. */
  killedStarts: number;
  /** The process that serves after the last kill, without faults. */
  daemon: Daemon;
  /** Sends a scene once more to that process. */
  repeat(scene: Scene): Promise<Got>;
  stop(): Promise<void>;
}

/** How often Kling may have seen a scene: once, and once more for each answer that proved that nothing was made. */
export function arrivalsMax({ fault }: Scene): number {
  return 1 + (fault !== null && PROOFS.includes(fault.kind) ? fault.met : 0);
}

/** Runs a storm of `kills` in a folder; the caller stops what it gives. */
export async function runStorm(
  folder: string,
  { kills, seed }: { kills: number; seed: number },
): Promise<Storm> {
  const emulator = createEmulator(EMULATOR);
  const { url } = await emulator.start();
  const config = {
    listen: { port: 0 },
    control: { port: 0 },
    upstream: { baseUrl: url },
    tasks: { pollIntervalMs: 500 },
    budgets: [
      { name: 'all', credits: 100_000_000, window: 'total' },
      { name: 'each-app', credits: 100_000_000, window: 'day', timeZone: 'UTC', per: 'app' },
    ],
  };
  await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify(config));
  const target = createTarget(folder);
  const scenes = new Map<string, Scene>();
  const arrivals = countArrivals(emulator, scenes);
  const stop = async (): Promise<void> => {
    await target.kill();
    await emulator.stop();
  };
  try {
    const calls = { isOver: false };
    const callers = Array.from({ length: CALLERS }, (_, index) => {
      const random = randomOf(seed * CALLERS + index);
      return callAgainAndAgain({ index, random, calls, target, emulator, scenes });
    });
    const killedStarts = await killAgainAndAgain({ kills, random: randomOf(seed), target, arrivals });
    calls.isOver = true;
    emulator.clearFaults();
    const daemon = await target.start();
    await Promise.all(callers);
    const repeat = (scene: Scene): Promise<Got> => send(daemon.dataUrl, scene).finally(arrivals);
    return { emulator, scenes, kills, killedStarts, daemon, repeat, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The process that is killed, and what callers wait for while it is gone. */
interface Target {
  /** Launches a process and waits until it serves. */
  start(): Promise<Daemon>;
  /** Launches a process. */
  launch(): void;
  kill(): Promise<void>;
  /** Gives the data plane's URL of the process that serves, now or next. */
  serving(): Promise<string>;
}

function createTarget(folder: string): Target {
  let next = Promise.withResolvers<string>();
  let hasServed = false;
  let launched: Launched | null = null;
  const begin = (): Launched => (launched = launch(['start'], { cwd: folder, env: ENV }));
  return {
    async start() {
      const daemon = await untilItServes(begin());
      next.resolve(daemon.dataUrl);
      hasServed = true;
      return daemon;
    },
    launch: () => void begin(),
    async kill() {
      // Who waits for a process that was killed before it served waits for the next one.
      if (hasServed) next = Promise.withResolvers<string>();
      hasServed = false;
      if (launched !== null) await end(launched.child, 'SIGKILL');
      launched = null;
    },
    serving: () => next.promise,
  };
}

interface Killing {
  kills: number;
  random: () => number;
  target: Target;
  arrivals: () => void;
}

/** Starts and kills; one kill in five meets a process that may not serve yet. Gives how many did. */
async function killAgainAndAgain({ kills, random, target, arrivals }: Killing): Promise<number> {
  let killedStarts = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    if (random() < 0.2) {
      killedStarts += 1;
      target.launch();
      await sleep(systemClock, random() * STARTING_MS_MAX);
    } else {
      await target.start();
      await sleep(systemClock, random() * SERVING_MS_MAX);
    }
    await target.kill();
    arrivals();
  }
  return killedStarts;
}

/** Counts creates at their scenes as they arrive at Kling; the record drops old ones, so it is read after each kill. */
function countArrivals(emulator: Emulator, scenes: ReadonlyMap<string, Scene>): () => void {
  const seen = new WeakSet<RecordedRequest>();
  return () => {
    for (const request of emulator.requests()) {
      if (request.method !== 'POST' || seen.has(request)) continue;
      seen.add(request);
      const tag = /scene-[0-9-]+/.exec(request.body.toString())?.[0] ?? '';
      const scene = scenes.get(tag);
      if (scene) scene.arrived += 1;
    }
  };
}

interface Calling {
  index: number;
  random: () => number;
  calls: { isOver: boolean };
  target: Target;
  emulator: Emulator;
  scenes: Map<string, Scene>;
}

async function callAgainAndAgain(calling: Calling): Promise<void> {
  const { index, random, calls, target, emulator, scenes } = calling;
  for (let number = 1; !calls.isOver; number += 1) {
    await sleep(systemClock, random() * PAUSE_MS_MAX);
    const scene = makeScene(`scene-${index}-${number}.`, random);
    const order = pickFault(scene.tag, random);
    if (order !== null) scene.fault = emulator.addFault(order);
    scenes.set(scene.tag, scene);
    for (let sent = 0; sent <= REPEATS_MAX; sent += 1) {
      if (await isAnswered(await target.serving(), scene)) break;
    }
  }
}

function makeScene(tag: string, random: () => number): Scene {
  const kind = random();
  const body = textToVideo({
    prompt: `${tag} a paper boat on a quiet lake`,
    duration: random() < 0.5 ? '5' : '10',
    mode: random() < 0.5 ? 'std' : 'pro',
    ...(kind < 0.2 ? { external_task_id: `own-${tag}` } : {}),
  });
  const hasKey = kind >= 0.2 && kind < 0.8;
  const headers: Record<string, string> = { 'x-kling-tag': tag, 'x-kling-timeout-ms': '9000' };
  if (hasKey) headers['idempotency-key'] = `key-${tag}`;
  return {
    tag,
    hasIdentity: kind < 0.8,
    headers,
    body,
    fault: null,
    taskIds: new Set(),
    statuses: [],
    arrived: 0,
  };
}

/** Gives one scene in three a fault of its own. */
function pickFault(tag: string, random: () => number): FaultOrder | null {
  const order = FAULTS[Math.floor(random() * FAULTS.length * 3)];
  return order === undefined
    ? null
    : { ...order, match: { method: 'POST', path: PATH, bodyIncludes: `${tag} ` } };
}

/** Sends a scene once; gives false where the caller is to send it again. */
async function isAnswered(url: string, scene: Scene): Promise<boolean> {
  try {
    const { status, json } = await send(url, scene);
    scene.statuses.push(status);
    if (status === 200) scene.taskIds.add(String(json.data['task_id']));
    return !AGAIN.includes(status);
  } catch {
    // The process is gone, or goes: what it did with the create is what the ledger must know.
    scene.statuses.push(0);
    return false;
  }
}

function send(url: string, { body, headers }: Scene): Promise<Got> {
  return post(url + PATH, body, headers);
}
