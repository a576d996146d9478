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

/** Tasks made here have ended whenever they are read: an image-to-video create of 250 bytes. */
export const ENDING_PATH = '/v1/videos/image2video';
export const ENDING_BODY = padTo(250, {
  model_name: 'kling-v2-5-turbo',
  mode: 'std',
  duration: '5',
  image: 'https://example.com/a.png',
  cfg_scale: 0.5,
  prompt: '',
});
/**
 * What the upstream shows of such a task beside its id, as text inside JSON's braces: 2.5 units, the list price. Its update is
 * later than any create's: an older one is ignored.
 */
export const ENDED =
  '"task_status":"succeed","task_status_msg":"","task_info":{},"created_at":1763715600000,"updated_at":4102444800000,' +
  '"final_unit_deduction":"2.5","task_result":{"videos":[{"id":"1","url":"https://example.com/a.mp4","duration":"5.1"}]}';

/** In headers and the body of a load: four digits that are others in each point, and nine that are others in each request of it. */
export const POINT_NUMBER = '{run}';
export const REQUEST_NUMBER = '{nnnnnnn}';

/** Puts a point's number into a text. */
export function withPoint(text: string, point: number): string {
  return text.replaceAll(POINT_NUMBER, String(point).padStart(4, '0'));
}

/** Puts a request's number into a text. */
export function withNumber(text: string, number: number): string {
  return text.replaceAll(REQUEST_NUMBER, String(number).padStart(REQUEST_NUMBER.length, '0'));
}

const READY_WAIT_MS = 120_000;
const READY_PAUSE_MS = 4;

function padTo(bytes: number, body: Record<string, unknown>): string {
  const filler = 'a lighthouse at dusk, slow dolly in, waves on the rocks, ';
  const left = bytes - JSON.stringify(body).length;
  return JSON.stringify({ ...body, prompt: filler.repeat(10).slice(0, left) });
}

let points = 0;

/** Gives the number of the next point of this run. */
export function nextPoint(): number {
  points += 1;
  return points;
}

/**
 * Waits until every address answers 200 and gives the milliseconds that took.
 * @throws Error when the process ends meanwhile or two minutes pass.
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
  { count, path = CREATE_PATH, body = CREATE_BODY }: { count: number; path?: string; body?: string },
): Promise<string[]> {
  const ids = new Set<string>();
  const point = nextPoint();
  for (let made = 0; made < count; made += 1) {
    const numbered = (text: string): string => withNumber(withPoint(text, point), made);
    const own = Object.entries(headers).map(([name, value]) => [name, numbered(value)]);
    const answer = await request(origin + path, {
      method: 'POST',
      headers: Object.fromEntries(own) as Record<string, string>,
      body: numbered(body),
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
