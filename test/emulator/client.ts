/** An emulator on a port of its own with a hand-moved clock, and a plain client of it. */
import { onTestFinished } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/emulator.ts';

export const START = Date.UTC(2026, 10, 21, 12);
export const MEDIA = 'https://cdn.example/clip.mp4';

export interface Answer {
  status: number;
  code: number | undefined;
  message: string;
  /** `data` of the envelope, read loosely: the tests say what they expect of it. */
  data: unknown;
  requestId: unknown;
  headers: Headers;
  text: string;
}

export interface Rig {
  emulator: Emulator;
  clock: ManualClock;
  url: string;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  send(
    method: string,
    path: string,
    init?: { body?: string; headers?: Record<string, string> },
  ): Promise<Answer>;
}

export async function startRig(options: Partial<EmulatorOptions> = {}): Promise<Rig> {
  const clock = createManualClock(START);
  const emulator = createEmulator({ clock, port: 0, ...options });
  const { url } = await emulator.start();
  onTestFinished(() => emulator.stop());
  const send: Rig['send'] = async (method, path, init = {}) => {
    const headers = {
      authorization: 'Bearer emulator-key',
      'content-type': 'application/json',
      ...init.headers,
    };
    const request = { method, headers, redirect: 'manual' as const };
    const response = await fetch(
      url + path,
      init.body === undefined ? request : { ...request, body: init.body },
    );
    return answerOf(response);
  };
  return {
    emulator,
    clock,
    url,
    send,
    post: (path, body, headers = {}) => send('POST', path, { body: JSON.stringify(body), headers }),
    get: (path, headers = {}) => send('GET', path, { headers }),
  };
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const json =
    response.headers.get('content-type') === 'application/json' ? (JSON.parse(text) as unknown) : {};
  const envelope = json as { code?: number; message?: string; data?: unknown; request_id?: unknown };
  return {
    status: response.status,
    code: envelope.code,
    message: envelope.message ?? '',
    data: envelope.data,
    requestId: envelope.request_id,
    headers: response.headers,
    text,
  };
}

/** Follows a path of keys and indexes into JSON; undefined if there is no value. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    value,
  );
}

/** The same for a text. */
export function textAt(value: unknown, ...path: (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found !== 'string') throw new Error(`no text at ${path.join('.')} of ${JSON.stringify(value)}`);
  return found;
}

/** Makes a task and lets it end; gives its id. */
export async function finishedTask(rig: Rig, path: string, body: unknown): Promise<string> {
  const { data, text } = await rig.post(path, body);
  const id = at(data, 'task_id') ?? at(data, 'id');
  if (typeof id !== 'string') throw new Error(`not created: ${text}`);
  rig.emulator.advance(60_000);
  return id;
}

/** Waits for a condition, one turn of the event loop after another. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
