/** The real app with callbacks, for tests of this folder. */
import { createHash } from 'node:crypto';
import { request } from 'undici';
import { get } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { freePort } from '../cli/free-port.ts';

export const TEXT = '/v1/videos/text2video';
export const NEW_TEXT = '/text-to-video/kling-3.0';

export interface CallbackApp extends StartedApp {
  /** The beginning of the receiver's addresses. */
  publicUrl: string;
}

/** Starts the app with a receiver on loopback; nothing polls unless `config` says so. */
export async function startWithCallbacks(
  { config = {}, ...options }: StartOptions = {},
  over: Record<string, unknown> = {},
): Promise<CallbackApp> {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const started = await startApp({
    ...options,
    emulator: {
      speed: 1,
      taskSeconds: { submitted: 60, processing: 60 },
      // A test sends them itself unless it says otherwise.
      callbacks: { loseShare: 1 },
      ...options.emulator,
    },
    config: {
      tasks: { pollIntervalMs: 60_000 },
      budgets: [{ name: 'all', credits: 10_000_000, window: 'total' }],
      ...config,
      callbacks: { publicUrl, host: '127.0.0.1', port, ...over },
    },
  });
  return Object.assign(started, { publicUrl });
}

/** Gives the bodies of all creates that reached Kling, in order. */
export function bodiesAt({ emulator }: StartedApp, path = TEXT): Record<string, unknown>[] {
  return emulator
    .requests()
    .filter((each) => each.method === 'POST' && each.path === path)
    .map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>);
}

/** Gives the address for callbacks that the last create had at Kling. */
export function lastUrl(started: StartedApp, path = TEXT): string {
  const body = bodiesAt(started, path).at(-1);
  const holder = path.startsWith('/v1/') ? body : (body?.['options'] as Record<string, unknown>);
  return String(holder?.['callback_url']);
}

/** Counts the queries for tasks that reached Kling. */
export function queries({ emulator }: StartedApp): number {
  return emulator.requests().filter(({ method, path }) => method === 'GET' && path.startsWith('/tasks?'))
    .length;
}

export interface Sent {
  status: number;
  body: string;
}

/** Sends a callback as Kling does. */
export async function callBack(
  url: string,
  body: unknown,
  { headers = {}, method = 'POST' }: { headers?: Record<string, string>; method?: string } = {},
): Promise<Sent> {
  const answer = await request(url, {
    method: method as 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.statusCode, body: await answer.body.text() };
}

/** A callback's body of the legacy generation. */
export function legacyBody(
  taskId: string,
  status: string,
  over: Record<string, unknown> = {},
): Record<string, unknown> {
  return { task_id: taskId, task_status: status, task_status_msg: '', created_at: 1, updated_at: 2, ...over };
}

/** A digest of everything that the control plane says of money and tasks. */
export async function moneyOf({ controlUrl }: StartedApp): Promise<string> {
  const answers = await Promise.all(
    ['/v1/budgets', '/v1/holds?limit=1000', '/v1/tasks?limit=1000'].map((path) => get(controlUrl + path)),
  );
  const text = answers.map(({ json }) => JSON.stringify(json)).join('\n');
  return createHash('sha256').update(text).digest('hex');
}
