/**
 * Creates whose answers are lost after the charge, sent again by callers that know no idempotency key.
 *
 * Each scene is one video that somebody wants. Its caller sends it, and sends it again, as its kind of client does; the clock is
 * moved by hand. Which client, which fault and how patient it is follow from the seed.
 */
import { request } from 'undici';
import type { ManualClock } from '../../src/clock.ts';
import { sleep } from '../../src/clock.ts';
import type { Emulator } from '../../src/emulator/emulator.ts';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import type { Ms } from '../../src/units.ts';
import { textToVideo } from '../app/calls.ts';

const PATH = '/v1/videos/text2video';

/** What a caller got of one try: a status of 0 is a connection that ended, or a client that gave up. */
interface Tried {
  status: number;
  taskId: string | null;
  retryAfterMs: Ms | null;
}

/** A kind of client: how long it waits for an answer, and when it sends again. */
export interface Client {
  name: string;
  timeoutMs: Ms;
  /** Gives the wait before the next try, or null where it gives up; `tries` were made. */
  again(tried: Tried, tries: number, random: () => number): Ms | null;
}

const isServerError = (status: number): boolean => status >= 500 && status <= 599;

/** `ai` 7.0 (`retryWithExponentialBackoff`, read 2026-11-28): two more tries after 2 and 4 s, on 408, 409, 429, 5xx and lost connections. */
const aiSdk: Client = {
  name: 'AI SDK',
  timeoutMs: 300_000,
  again: ({ status, retryAfterMs }, tries) => {
    if (tries > 2 || !(status === 0 || [408, 409, 429].includes(status) || isServerError(status)))
      return null;
    return Math.min(retryAfterMs ?? 2_000 * 2 ** (tries - 1), 60_000);
  },
};

/** `kling-api` 1.0.0 (kling-api.md, section 12): three POSTs on 502, 503, 504 and lost connections; careful clients give up at 30 s. */
const klingApi: Client = {
  name: 'kling-api',
  timeoutMs: 30_000,
  again: ({ status }, tries) => {
    if (tries > 2 || !(status === 0 || [502, 503, 504].includes(status))) return null;
    return 1_000 * 2 ** (tries - 1);
  },
};

/** urllib3's `Retry(total=3, allowed_methods=None, status_forcelist=[429, 500, 502, 503, 504], backoff_factor=1)`. */
const urllib3: Client = {
  name: 'urllib3',
  timeoutMs: 10_000,
  again: ({ status, retryAfterMs }, tries) => {
    if (tries > 3 || !(status === 0 || [429, 500, 502, 503, 504].includes(status))) return null;
    return retryAfterMs ?? (tries === 1 ? 0 : 2 ** (tries - 1) * 1_000);
  },
};

/** Somebody who sees an error, or nothing for too long, and clicks again: up to three times. */
const person: Client = {
  name: 'person',
  timeoutMs: 20_000,
  again: ({ status }, tries, random) => (status === 200 || tries > 3 ? null : 1_000 + random() * 40_000),
};

export const CLIENTS: readonly Client[] = [aiSdk, klingApi, urllib3, person];

/** Faults that lose an answer after Kling has charged for the task. */
export const LOSSES: readonly FaultOrder[] = [
  { kind: 'reset_after_charge' },
  { kind: 'no_answer_after_charge' },
  { kind: 'truncate' },
  { kind: 'truncate_chunked' },
  { kind: '5xx_after_charge' },
  { kind: '5xx_after_charge', code: 5001 },
  { kind: '5xx_after_charge', code: 5002 },
  { kind: 'html_after_charge' },
  { kind: 'missing_task_id' },
  // The answer comes, and its caller has given up before.
  { kind: 'latency', ms: 15_000 },
];

export interface Scene {
  name: string;
  client: Client;
  loss: FaultOrder;
  /** Clients on the way to us: the first answers are lost between the sidecar and the caller. */
  isCallerLost: boolean;
  tries: Tried[];
}

interface Calling {
  clock: ManualClock;
  dataUrl: string;
  emulator: Emulator;
  random: () => number;
}

/** Plays one scene: orders its fault, and sends it until its client has a task or gives up. */
export async function playScene(calling: Calling, name: string): Promise<Scene> {
  const { emulator, random, clock } = calling;
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const scene: Scene = {
    name,
    client: pick(CLIENTS),
    loss: pick(LOSSES),
    isCallerLost: random() < 0.2,
    tries: [],
  };
  emulator.addFault({ ...scene.loss, match: { method: 'POST', path: PATH, bodyIncludes: `${name} ` } });
  for (;;) {
    const hangUpMs = scene.isCallerLost && scene.tries.length === 0 ? random() * 3_000 : Infinity;
    const tried = await send(calling, scene, Math.min(hangUpMs, scene.client.timeoutMs));
    scene.tries.push(tried);
    const waitMs = scene.client.again(tried, scene.tries.length, random);
    if (tried.status === 200 || waitMs === null) return scene;
    await sleep(clock, Math.max(1, waitMs));
  }
}

/** Sends a scene once, with its members in another order each time, as a client may write them. */
async function send({ clock, dataUrl, random }: Calling, { name }: Scene, timeoutMs: Ms): Promise<Tried> {
  const members = Object.entries(textToVideo({ prompt: `${name} a paper boat on a quiet lake` }));
  const body = Object.fromEntries(random() < 0.5 ? members : members.toReversed());
  const gone = new AbortController();
  const timer = clock.after(timeoutMs, () => gone.abort());
  try {
    const answer = await request(dataUrl + PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body, null, random() < 0.5 ? 0 : 2),
      signal: gone.signal,
    });
    const json = (await answer.body.json()) as { data?: { task_id?: string } };
    const after = answer.headers['retry-after'];
    return {
      status: answer.statusCode,
      taskId: json.data?.task_id ?? null,
      retryAfterMs: typeof after === 'string' ? Number(after) * 1_000 : null,
    };
  } catch {
    return { status: 0, taskId: null, retryAfterMs: null };
  } finally {
    timer.cancel();
  }
}
