import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { retryTaskId } from '../../src/task-retries/retry-id.ts';
import { anotherVideo, get, post, type Got } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';

const PATH = '/v1/videos/text2video';
const RULE = { max: 2, delayMs: 30_000 };

interface Task {
  id: string;
  externalTaskId: string;
  holdId: string;
  state: string;
  retryOf: string | null;
  retriedBy: { number: number; reason: string; taskId: string | null; holdId: string; holdState: string }[];
  retryChain: { state: string; reason: string | null; note: string | null; dueAt: string | null } | null;
  life: { at: string; step: string; text: string }[];
}

describe('a failed task', () => {
  let clock: ManualClock;
  let app: StartedApp;
  beforeEach(() => {
    clock = createManualClock(Date.now());
  });
  afterEach(() => app.stop());

  const start = async (
    retryFailed: readonly object[] = [RULE],
    options: StartOptions = {},
  ): Promise<void> => {
    app = await startApp({
      clock,
      ...options,
      config: { tasks: { pollIntervalMs: 1_000, retryFailed }, ...options.config },
    });
  };
  const create = (over: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Got> =>
    whileMoving(clock, post(app.dataUrl + PATH, anotherVideo(over), headers));
  const taskIdOf = ({ json }: Got): string => String(json.data['task_id']);
  const task = async (id: string): Promise<Task> =>
    (await get(`${app.controlUrl}/v1/tasks/${id}`)).json as unknown as Task;
  const waiting = async (): Promise<number> => {
    const { json } = await get(`${app.controlUrl}/v1/status`);
    return (json as unknown as { taskRetries: { waiting: number } }).taskRetries.waiting;
  };
  const creates = () =>
    app.emulator.requests().filter(({ method, path }) => method === 'POST' && path === PATH);
  const failTask = (message?: string): void =>
    void app.emulator.addFault({
      kind: 'fail_task',
      match: { method: 'POST', path: PATH },
      ...(message === undefined ? {} : { message }),
    });
  const untilTask = (id: string, check: (task: Task) => boolean): Promise<Task> =>
    advanceUntil(clock, async () => {
      const found = await task(id);
      return check(found) && found;
    });

  it('is tried again by a new create with a hold of its own, linked to the first', async () => {
    await start();
    failTask();
    const first = taskIdOf(await create({}, { 'x-kling-app': 'shop', 'x-kling-tag': 'spring' }));
    const failed = await untilTask(first, ({ retryChain }) => retryChain?.state === 'waiting');
    expect(failed).toMatchObject({ state: 'failed', retryOf: null, retriedBy: [] });
    expect(await waiting()).toBe(1);
    expect(creates()).toHaveLength(1);
    const retried = await untilTask(first, ({ retriedBy }) => retriedBy[0]?.taskId != null);
    const [retry] = retried.retriedBy;
    expect(retry).toMatchObject({ number: 1, reason: 'internal' });
    expect(creates()).toHaveLength(2);
    const second = await untilTask(String(retry?.taskId), ({ state }) => state === 'succeeded');
    expect(second).toMatchObject({
      retryOf: first,
      externalTaskId: retryTaskId({ firstHoldId: failed.holdId, number: 1 }),
      app: 'shop',
      tag: 'spring',
      settledCredits: 10,
    });
    const over = await untilTask(first, ({ retryChain }) => retryChain?.state === 'ended');
    expect(over).toMatchObject({ state: 'failed', settledCredits: 0, retryChain: { note: 'succeeded' } });
    expect(over.life.filter(({ step }) => step === 'retry').map(({ text }) => text)).toEqual([
      `retry 1 is task ${second.id}: a task failed (internal)`,
      'no more retries: succeeded',
    ]);
    expect(await waiting()).toBe(0);
  });
});
