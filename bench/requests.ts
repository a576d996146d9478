/**
 * Single requests of the benchmark: waiting for readiness, checking that a peer really forwards, fetching task ids.
 *
 * **Invariant**: nothing here is timed for the tables; load is made by `load.ts` from a process of its own.
 */
import { request } from 'undici';
import type { Started } from './processes.ts';

/** A text-to-video create of 250 bytes, as in docs/benchmarks.md. */
export const CREATE_PATH = '/v1/videos/text2video';
export const CREATE_BODY = padTo(250, {
  model_name: 'kling-v2-5-turbo',
  mode: 'std',
  duration: '5',
  aspect_ratio: '16:9',
  cfg_scale: 0.5,
  prompt: '',
});
const READY_WAIT_MS = 30_000;
const READY_PAUSE_MS = 4;

function padTo(bytes: number, body: Record<string, unknown>): string {
  const filler = 'a lighthouse at dusk, slow dolly in, waves on the rocks, ';
  const spare = bytes - JSON.stringify(body).length;
  return JSON.stringify({ ...body, prompt: filler.repeat(10).slice(0, spare) });
}

/**
 * Waits until every address answers 200 and gives the milliseconds that took.
 * @throws Error when the process ends meanwhile or 30 s pass.
 */
export async function waitUntilAnswered(
  urls: string | string[],
  headers: Record<string, string>,
  started: Started,
): Promise<number> {
  const from = performance.now();
  for (const url of typeof urls === 'string' ? [urls] : urls) {
    while (!(await answers(url, headers))) {
      if (started.child.exitCode !== null || started.child.signalCode !== null) {
        throw new Error(`ended before it was ready; see ${started.logPath}`);
      }
      if (performance.now() - from > READY_WAIT_MS) {
        throw new Error(`${url} did not answer 200 within ${READY_WAIT_MS / 1000} s; see ${started.logPath}`);
      }
      await new Promise((resolve) => setTimeout(resolve, READY_PAUSE_MS));
    }
  }
  return performance.now() - from;
}

async function answers(url: string, headers: Record<string, string>): Promise<boolean> {
  try {
    const answer = await request(url, { headers, headersTimeout: 5_000, bodyTimeout: 5_000 });
    await answer.body.dump();
    return answer.statusCode === 200;
  } catch {
    return false;
  }
}

/**
 * Makes tasks through a peer and gives their ids.
 * @throws Error when an answer is not Kling's success with a task id, or an id comes twice.
 */
export async function createTasks(
  origin: string,
  headers: Record<string, string>,
  count: number,
): Promise<string[]> {
  const ids = new Set<string>();
  for (let made = 0; made < count; made += 1) {
    const answer = await request(origin + CREATE_PATH, {
      method: 'POST',
      headers,
      body: CREATE_BODY,
      headersTimeout: 20_000,
    });
    const text = await answer.body.text();
    const id = /"task_id":"(\d+)"/.exec(text)?.[1];
    if (answer.statusCode !== 200 || id === undefined || ids.has(id)) {
      throw new Error(`a create through ${origin} was answered ${answer.statusCode}: ${text.slice(0, 300)}`);
    }
    ids.add(id);
  }
  return [...ids];
}
