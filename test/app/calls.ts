/** What tests send through the sidecar, and how they wait for what happens meanwhile. */
import { request } from 'undici';

export interface Got {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  json: { code: number; message: string; request_id: string; data: Record<string, unknown> };
}

/** Posts JSON, as an SDK would. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Got> {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer whatever', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    json: (await answer.body.json()) as Got['json'],
  };
}

/** Gets JSON. */
export async function get(url: string, headers: Record<string, string> = {}): Promise<Got> {
  const answer = await request(url, { headers });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    json: (await answer.body.json()) as Got['json'],
  };
}

/** The smallest create: 5 s of kling-v1 in standard mode, 10 credits. */
export const textToVideo = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  model_name: 'kling-v1',
  prompt: 'a paper boat on a quiet lake',
  duration: '5',
  mode: 'std',
  ...over,
});

let scenes = 0;

/** A create like {@link textToVideo} that equals no other one: an equal one would join one whose answer was lost. */
export function anotherVideo(over: Record<string, unknown> = {}): Record<string, unknown> {
  scenes += 1;
  return textToVideo({ prompt: `a paper boat on a quiet lake, scene ${scenes}`, ...over });
}

/** Under the time that a test may take, so that it names what never came. No test measures with it. */
const PATIENCE_MS = 200_000;

/** Asks again and again until `check` gives something, on the event loop's own turns; fails when its patience ends. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false | null> | T | undefined | false | null,
): Promise<T> {
  const from = performance.now();
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false && value !== null) return value;
    if (performance.now() - from > PATIENCE_MS) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
