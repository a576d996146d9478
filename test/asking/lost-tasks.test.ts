/** Tasks that are open for 30 days, over real sockets: what the poller asks before it gives them up. */
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceBy, advanceUntil, whileMoving } from '../money/hand-clock.ts';

const PATH = '/v1/videos/text2video';
const DAY_MS = 86_400_000;

let clock: ManualClock;
let app: StartedApp;
afterEach(() => app.stop());

function start(poll: boolean, again: { folder?: string; baseUrl?: string } = {}): Promise<StartedApp> {
  return startApp({
    clock,
    ...again,
    config: { tasks: { pollIntervalMs: 5_000, poll } },
    emulator: { speed: 1, taskSeconds: { submitted: 90 * 86_400, processing: 0 } },
  });
}

/** Creates a task that never ends, and starts the app again after so many days. */
async function afterDays(
  days: number,
  { poll }: { poll: boolean },
): Promise<{ fail: (on: boolean) => void }> {
  clock = createManualClock(Date.UTC(2026, 9, 20, 6));
  app = await start(poll);
  expect((await whileMoving(clock, post(app.dataUrl + PATH, textToVideo()), 20)).status).toBe(200);
  const { emulator, folder } = app;
  const baseUrl = `http://${emulator.requests()[0]?.headers['host'] ?? ''}`;
  await app.app.stop();
  await clock.advance(days * DAY_MS);
  const fail = (on: boolean): void => {
    emulator.clearFaults();
    if (on) emulator.addFault({ kind: 'code', code: 5000, times: 'always', match: { path: '/tasks' } });
  };
  fail(true);
  app = await start(poll, { folder, baseUrl });
  const { stop } = app;
  app.stop = async (options) => {
    await stop(options);
    await emulator.stop();
  };
  polls = () => emulator.requests().filter(({ path }) => path.startsWith('/tasks?task_ids=')).length;
  return { fail };
}

let polls: () => number;
const task = async (): Promise<Record<string, unknown> | undefined> => {
  const { json } = await get(`${app.controlUrl}/v1/tasks`);
  return (json as unknown as { tasks: Record<string, unknown>[] }).tasks[0];
};

describe('a task that is open for 30 days', () => {
  it('is lost once Kling has answered about it, and is then asked for no more', async () => {
    const { fail } = await afterDays(31, { poll: true });
    await advanceUntil(clock, () => polls() >= 2, { stepMs: 1_000 });
    expect(await task()).toMatchObject({ state: 'submitted', lostAt: null, stuck: true, heldCredits: 10 });
    expect((await get(`${app.controlUrl}/v1/tasks?stuck=true`)).json).toMatchObject({
      tasks: [{ stuck: true }],
    });
    expect((await get(`${app.controlUrl}/v1/status`)).json).toMatchObject({
      openTasks: [{ tasks: 1, stuck: 1 }],
    });
    fail(false);
    await advanceUntil(clock, async () => (await task())?.['state'] === 'lost', { stepMs: 1_000 });
    // It is stuck no more for anybody: the list, the task and the sums use one rule.
    expect(await task()).toMatchObject({ lostAt: expect.any(String), stuck: false, heldCredits: 10 });
    expect((await get(`${app.controlUrl}/v1/tasks?stuck=true`)).json).toMatchObject({ tasks: [] });
    expect((await get(`${app.controlUrl}/v1/status`)).json).toMatchObject({ openTasks: [] });
    const asked = polls();
    await advanceBy(clock, 1_300_000, 10_000);
    expect(polls()).toBe(asked);
    const { json } = await get(`${app.controlUrl}/v1/tasks?state=lost&total=true`);
    expect(json).toMatchObject({ total: 1 });
  });

  it('is not lost a day earlier', async () => {
    const { fail } = await afterDays(29, { poll: true });
    fail(false);
    const asked = polls();
    await advanceUntil(clock, () => polls() >= asked + 2, { stepMs: 1_000 });
    expect(await task()).toMatchObject({ state: 'submitted', lostAt: null });
  });

  it('is lost by its age alone where polls are off', async () => {
    await afterDays(31, { poll: false });
    await advanceUntil(clock, async () => (await task())?.['state'] === 'lost', { stepMs: 1_000 });
    expect(polls()).toBe(0);
  });
});
