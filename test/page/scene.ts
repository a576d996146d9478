/** Spending of every kind over a real app whose clock a test moves: nothing changes between two looks. */
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { whileMoving } from '../money/hand-clock.ts';

const MINUTE = 60_000;
/** The evening of 30 November in Shanghai is still its afternoon in UTC; the next day has begun there at 16:00. */
const START = Date.UTC(2026, 10, 30, 15, 30);

export interface Scene {
  clock: ManualClock;
  started: StartedApp;
  create(labels: Labels, over?: Record<string, unknown>): Promise<void>;
  stop(): Promise<void>;
}

interface Labels {
  app: string;
  tag?: string;
  mode?: string;
}

/** Plays it: three tasks that succeeded and one that failed, over two days of Shanghai; one that is open, and a create in doubt. */
export async function playScene(config: NonNullable<StartOptions['config']> = {}): Promise<Scene> {
  const clock = createManualClock(START);
  const started = await startApp({
    clock,
    config: {
      budgets: [
        { name: 'daily', credits: 120, window: 'day', timeZone: 'Asia/Shanghai' },
        { name: 'month', credits: 4000, window: 'month' },
        { name: 'by tag', credits: 500, window: 'month', per: 'tag', mode: 'shadow' },
        { name: 'web', credits: 500, window: 'total', match: { app: 'web' }, mode: 'shadow' },
      ],
      tasks: { pollIntervalMs: 1000 },
      limits: { concurrency: { video: 20, 'kling-v1': 10 } },
      ...config,
    },
  });
  const create = async ({ app, tag, mode }: Labels, over: Record<string, unknown> = {}): Promise<void> => {
    const headers = { 'x-kling-app': app, ...(tag !== undefined && { 'x-kling-tag': tag }) };
    const body = anotherVideo({ ...over, ...(mode !== undefined && { mode }) });
    await post(`${started.dataUrl}/v1/videos/text2video`, body, headers);
  };
  const ended = (tasks: number): Promise<unknown> =>
    until(`${tasks} tasks have ended`, async () => {
      await clock.advance(1000);
      const { json } = await get(`${started.controlUrl}/v1/tasks`);
      const { tasks: all } = json as unknown as { tasks: { state: string }[] };
      return all.filter(({ state }) => state === 'succeeded' || state === 'failed').length === tasks;
    });
  started.emulator.addFault({ kind: 'fail_task', message: 'no', match: { bodyIncludes: 'to fail' } });
  await create({ app: 'web', tag: 'a' });
  await create({ app: 'web', tag: 'b', mode: 'pro' });
  await create({ app: 'ads' }, { prompt: 'to fail' });
  await ended(3);
  await clock.advance(40 * MINUTE);
  await create({ app: 'ads', tag: 'a' });
  await ended(4);
  await create({ app: 'web' });
  const path = '/v1/videos/text2video';
  started.emulator.addFault({ kind: 'reset_before_charge', match: { method: 'POST', path } });
  // Its answer waits for look-ups, which the clock of this test never makes due.
  const unanswered = create({ app: 'bot' }).catch(() => undefined);
  await until('its create is in doubt', async () => {
    const { json } = await get(`${started.controlUrl}/v1/status`);
    return (json as unknown as { inDoubtHolds: number }).inDoubtHolds === 1;
  });
  return {
    clock,
    started,
    create,
    async stop() {
      await whileMoving(clock, started.stop());
      await unanswered;
    },
  };
}
