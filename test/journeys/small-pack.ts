/**
 * Many creates against a pack of five slots, by callers of several apps that come back after their `Retry-After`.
 *
 * Real sockets and a real store; only the clock is moved by hand, when nothing is on its way any more. So the time that creates need is
 * that of the pack, and no machine is too slow for it.
 */
import { createManualClock, sleep, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceUntil, turns } from '../money/hand-clock.ts';

const PATH = '/v1/videos/text2video';
const APPS = ['red', 'green', 'blue', 'white', 'black'];
export const SLOTS = 5;
const STEP_MS = 50;
/** Looks between two steps: so often a machine may be busy with something else. */
const LOOKS_MAX = 5_000;

export interface Made {
  app: string;
  /** The place of the create among those of its app. */
  index: number;
  /** Answers that asked it to come back. */
  refusals: number;
}

export interface Drained {
  /** In the order in which Kling made the tasks. */
  made: Made[];
  /** Kling's answers to creates, by code. */
  answers: Record<string, number>;
  /** The most slots that were in use at once at Kling. */
  slotsMost: number;
  /** From the first create to the end of the last task. */
  tookMs: number;
}

/** Sends all creates at once, and moves the clock until each has its task and each task has ended. */
export async function drainAll(order: { creates: number; queueWaitMsMax: number }): Promise<Drained> {
  const clock = createManualClock(Date.now());
  const { creates, queueWaitMsMax } = order;
  const started = await startApp({
    clock,
    emulator: { speed: 1, taskSeconds: { submitted: 0.2, processing: 0.8 }, concurrency: { video: SLOTS } },
    config: {
      limits: { concurrency: { video: SLOTS }, queueWaitMsMax, queueLengthMax: creates },
      budgets: [{ name: 'all', credits: 1_000_000, window: 'total' }],
      tasks: { pollIntervalMs: 5_000 },
    },
  });
  try {
    const callers = new Callers(clock, started);
    const fromTick = clock.monotonic();
    await callers.run(creates);
    const { made } = callers;
    const { emulator } = started;
    const tookMs = clock.monotonic() - fromTick;
    return { made, answers: emulator.answers().creates, slotsMost: emulator.slots().video.most, tookMs };
  } finally {
    await started.stop();
  }
}

/** Gives how far the numbers of creates of two apps were apart at most, at any moment. */
export function apartMax(made: readonly Made[]): number {
  const counts = new Map(APPS.map((app) => [app, 0]));
  return Math.max(
    ...made.map(({ app }) => {
      counts.set(app, (counts.get(app) ?? 0) + 1);
      return Math.max(...counts.values()) - Math.min(...counts.values());
    }),
  );
}

/** Gives by how many places a create was made before or after its turn in its app, at most. */
export function outOfTurnMax(made: readonly Made[]): number {
  return Math.max(
    ...APPS.flatMap((app) =>
      made.filter((one) => one.app === app).map(({ index }, turn) => Math.abs(index - turn)),
    ),
  );
}

interface Pool {
  name: string;
  inUse: number;
  queued: number;
}

/** The callers of all apps: each sends one create until it is made, then reads its task every second until it ends. */
class Callers {
  readonly made: Made[] = [];
  readonly #clock: ManualClock;
  readonly #started: StartedApp;
  #creating = 0;
  #reading = 0;
  #ended = 0;

  constructor(clock: ManualClock, started: StartedApp) {
    this.#clock = clock;
    this.#started = started;
  }

  async run(creates: number): Promise<void> {
    let isOver = false;
    const calls = Array.from({ length: creates }, (_, i) => {
      const app = APPS[i % APPS.length] ?? '';
      return this.#call(app, Math.floor(i / APPS.length));
    });
    const all = Promise.all(calls).finally(() => (isOver = true));
    all.catch(() => undefined);
    const look = async (): Promise<boolean> => {
      if (!isOver) await this.#quiet();
      return isOver;
    };
    await advanceUntil(this.#clock, look, { stepMs: STEP_MS, stepsMax: 100_000 });
    await all;
  }

  async #call(app: string, index: number): Promise<void> {
    const headers = { 'x-kling-app': app };
    for (let refusals = 0; ; refusals += 1) {
      this.#creating += 1;
      const url = this.#started.dataUrl + PATH;
      const {
        status,
        json,
        headers: said,
      } = await post(url, textToVideo({ prompt: `${app} ${index}` }), headers);
      this.#creating -= 1;
      if (status === 200) {
        this.made.push({ app, index, refusals });
        return this.#follow(String(json.data['task_id']));
      }
      if (status !== 429) throw new Error(`a create was refused: ${JSON.stringify(json)}`);
      await sleep(this.#clock, Number(said['retry-after']) * 1_000);
    }
  }

  async #follow(taskId: string): Promise<void> {
    for (;;) {
      await sleep(this.#clock, 1_000);
      this.#reading += 1;
      const { json } = await get(`${this.#started.dataUrl}${PATH}/${taskId}`);
      this.#reading -= 1;
      if (json.data['task_status'] !== 'succeed') continue;
      this.#ended += 1;
      return;
    }
  }

  /** Waits until nothing is on its way: each create waits in the queue or has its answer, and no slot is free while one waits. */
  async #quiet(): Promise<void> {
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      await turns();
      const { json } = await get(`${this.#started.controlUrl}/v1/status`);
      const { pools } = json as unknown as { pools: Pool[] };
      const { inUse = 0, queued = 0 } = pools.find(({ name }) => name === 'video') ?? {};
      const isAnswered = this.#reading === 0 && this.#creating === queued;
      const isCounted = inUse === this.made.length - this.#ended;
      if (isAnswered && isCounted && (queued === 0 || inUse === SLOTS)) return;
    }
    throw new Error('something is on its way for too long');
  }
}
