/**
 * A real process is killed again and again while tasks fail and are tried again. Each scene is one create of an app, whose first few
 * tasks fail by order. `RETRY_KILLS=100` kills as often.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { sleep, systemClock } from '../../src/clock.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { end, startDaemon, type Daemon } from '../app/processes.ts';
import { randomOf } from '../random-numbers.ts';
import type { Task } from './retry-rig.ts';

const KILLS = Number(process.env['RETRY_KILLS'] ?? 10);
const SEED = Number(process.env['RETRY_SEED'] ?? 12);
const PATH = '/v1/videos/text2video';
const SCENES_A_LIFE = 6;
const RETRIES_MAX = 3;
/** How long a process lives: long enough for a task to fail and to be tried again. */
const LIFE_MS = { min: 150, max: 1_500 };

interface Scene {
  /** How many of its tasks fail. */
  fails: number;
  /** Null where the caller got no answer. */
  taskId: string | null;
}

let folder: string;
let emulator: Emulator;
let daemon: Daemon | null = null;
afterEach(async () => {
  if (daemon) await end(daemon.child, 'SIGKILL');
  daemon = null;
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

it(
  'makes no retry twice and forgets none, however often the process is killed',
  async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'retries-'));
    emulator = createEmulator({
      clock: systemClock,
      port: 0,
      speed: 400,
      concurrency: { video: 100_000 },
      packs: [{ name: 'Video-1000000Units-100000Con', product: 'video', units: 1_000_000 }],
    });
    await writeConfig((await emulator.start()).url);
    const random = randomOf(SEED);
    const scenes = new Map<string, Scene>();
    const sentIds = new Map<string, Set<string>>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      daemon = await startDaemon(folder, { KLING_API_KEY: 'emulator-key' });
      const lifeMs = LIFE_MS.min + random() * (LIFE_MS.max - LIFE_MS.min);
      const { dataUrl } = daemon;
      const calls = Array.from({ length: SCENES_A_LIFE }, (_, i) => {
        const name = `scene-${kill}-${i}.`;
        const scene: Scene = { fails: Math.floor(random() * (RETRIES_MAX + 2)), taskId: null };
        scenes.set(name, scene);
        return play(dataUrl, name, scene, random() * lifeMs);
      });
      await sleep(systemClock, lifeMs);
      await end(daemon.child, 'SIGKILL');
      await Promise.all(calls);
      noteSent(sentIds);
    }
    daemon = await startDaemon(folder, { KLING_API_KEY: 'emulator-key' });
    const { controlUrl } = daemon;
    await until('nothing is open that Kling knows', async () => {
      // The emulator keeps only its last requests, and polls are many.
      noteSent(sentIds);
      if (!(await isQuiet(controlUrl))) return false;
      // Between the end of a task and the row of its next create nothing is open and nothing waits.
      for (const { taskId } of scenes.values())
        if (taskId !== null && !isEnded(await taskOf(controlUrl, taskId))) return false;
      return isQuiet(controlUrl);
    });
    noteSent(sentIds);

    const charges = new Map<string, number>();
    const taskOfScene = new Map<string, string>();
    let retried = 0;
    for (const [name, scene] of scenes) {
      if (scene.taskId === null) continue;
      taskOfScene.set(scene.taskId, name);
      const task = await taskOf(controlUrl, scene.taskId);
      const made = task.retriedBy.filter(({ taskId }) => taskId !== null);
      const numbers = made.map(({ number }) => number);
      // Each number has one task at most, and they follow each other.
      expect([name, numbers]).toEqual([name, numbers.map((_, i) => i + 1)]);
      expect(made.length).toBeLessThanOrEqual(Math.min(scene.fails, RETRIES_MAX));
      retried += made.length;
      const isInDoubt = task.retriedBy.some(
        ({ holdState, taskId }) => holdState === 'held' && taskId === null,
      );
      if (!isInDoubt) {
        expect([name, made.length]).toEqual([name, Math.min(scene.fails, RETRIES_MAX)]);
        const last = made.at(-1)?.state ?? task.state;
        expect([name, last]).toEqual([name, scene.fails > RETRIES_MAX ? 'failed' : 'succeeded']);
      }
      // Kling got one external task id for each create that it made, and none for more than those: a kill may come before the send.
      const sent = sentIds.get(name)?.size ?? 0;
      expect(sent).toBeGreaterThanOrEqual(1 + made.length);
      expect(sent).toBeLessThanOrEqual(1 + task.retriedBy.filter(hasNewNumber).length);
      const ids = [task.id, ...made.map(({ taskId }) => String(taskId))];
      for (const id of ids) charges.set(id, 0);
    }
    expect(retried).toBeGreaterThan(KILLS);
    for (const { taskId } of emulator.book().charges) charges.set(taskId, (charges.get(taskId) ?? 0) + 1);
    expect([...charges].filter(([, count]) => count > 1)).toEqual([]);
    const { settled, budget } = await sums(controlUrl);
    expect(settled).toBe(emulator.book().totalUnits * 10);
    expect(budget).toBe(settled);
  },
  120_000 + KILLS * 60_000,
);

function hasNewNumber(
  { number }: { number: number },
  index: number,
  all: readonly { number: number }[],
): boolean {
  return all.findIndex((other) => other.number === number) === index;
}

async function writeConfig(baseUrl: string): Promise<void> {
  const config = {
    listen: { port: 0 },
    control: { port: 0 },
    upstream: { baseUrl },
    account: { poll: false },
    tasks: { pollIntervalMs: 100, retryFailed: [{ max: RETRIES_MAX, delayMs: 50 }] },
    budgets: [{ name: 'all', credits: 10_000_000, window: 'total' }],
  };
  await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify(config));
}

/** Sends a create whose first tasks fail. */
async function play(dataUrl: string, name: string, scene: Scene, afterMs: number): Promise<void> {
  if (scene.fails > 0) {
    const match = { method: 'POST', path: PATH, bodyIncludes: name };
    emulator.addFault({ kind: 'fail_task', match, times: scene.fails });
  }
  await sleep(systemClock, afterMs);
  try {
    const { status, json } = await post(dataUrl + PATH, textToVideo({ prompt: `a boat, ${name}` }));
    if (status === 200) scene.taskId = String(json.data['task_id']);
  } catch {
    // The process was killed: nobody knows its task.
  }
}

/** Keeps the external task ids of each scene's creates; the emulator's record drops old requests. */
function noteSent(sentIds: Map<string, Set<string>>): void {
  for (const { method, path: at, body } of emulator.requests()) {
    if (method !== 'POST' || at !== PATH) continue;
    const sent = JSON.parse(body.toString()) as { prompt: string; external_task_id: string };
    const name = sent.prompt.slice('a boat, '.length);
    const ids = sentIds.get(name) ?? new Set();
    sentIds.set(name, ids.add(sent.external_task_id));
  }
}

/** Returns whether nothing more is made of a task, or nobody can know before its doubt ends. */
function isEnded({ retryChain, retriedBy }: Task): boolean {
  if (retryChain === null || retryChain.state === 'ended') return true;
  return retriedBy.some(({ holdState, taskId }) => holdState === 'held' && taskId === null);
}

async function isQuiet(controlUrl: string): Promise<boolean> {
  const status = (await get(`${controlUrl}/v1/status`)).json as unknown as {
    taskRetries: { waiting: number };
    openTasks: { tasks: number }[];
    openHolds: number;
    inDoubtHolds: number;
  };
  const open = status.openTasks.reduce((sum, { tasks }) => sum + tasks, 0);
  const isOver = status.taskRetries.waiting === 0 && open === 0 && status.openHolds === status.inDoubtHolds;
  return isOver && !(await isOneFoundSoon(controlUrl));
}

/** Returns whether Kling charged a create that is still in doubt: its look-up finds it. */
async function isOneFoundSoon(controlUrl: string): Promise<boolean> {
  const { holds } = (await get(`${controlUrl}/v1/holds?inDoubt=true&limit=1000`)).json as unknown as {
    holds: { externalTaskId: string | null }[];
  };
  const charged = new Set(emulator.book().charges.map(({ externalTaskId }) => externalTaskId));
  return holds.some(({ externalTaskId }) => externalTaskId !== null && charged.has(externalTaskId));
}

async function taskOf(controlUrl: string, id: string): Promise<Task> {
  return (await get(`${controlUrl}/v1/tasks/${id}`)).json as unknown as Task;
}

async function sums(controlUrl: string): Promise<{ settled: number; budget: number }> {
  const usage = (await get(`${controlUrl}/v1/usage?by=app`)).json as unknown as {
    rows: { credits: number }[];
  };
  const { budgets } = (await get(`${controlUrl}/v1/budgets`)).json as unknown as {
    budgets: { settledCredits: number }[];
  };
  return {
    settled: usage.rows.reduce((sum, { credits }) => sum + credits, 0),
    budget: budgets[0]?.settledCredits ?? -1,
  };
}
