/** Tasks of the account that did not pass this sidecar, over real sockets. */
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { EMULATOR_KEY, startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { advanceBy, advanceUntil, whileMoving } from '../money/hand-clock.ts';

const PATH = '/v1/videos/text2video';

let clock: ManualClock;
let app: StartedApp;
afterEach(() => app.stop());

async function start(options: StartOptions = {}): Promise<void> {
  clock = createManualClock(Date.UTC(2026, 9, 20, 6));
  app = await startApp({
    clock,
    ...options,
    config: {
      limits: { concurrency: { video: 3 }, queueWaitMsMax: 17_000 },
      tasks: { pollIntervalMs: 5_000 },
      ...options.config,
    },
    emulator: {
      speed: 1,
      taskSeconds: { submitted: 30, processing: 70 },
      concurrency: { video: 50, image: 50 },
      ...options.emulator,
    },
  });
}

const create = (): ReturnType<typeof post> => whileMoving(clock, post(app.dataUrl + PATH, textToVideo()), 20);
/** Makes a task past the sidecar. */
const createElsewhere = (path = PATH, over: Record<string, unknown> = {}): ReturnType<typeof post> => {
  const host = app.emulator.requests()[0]?.headers['host'] ?? '';
  return post(`http://${host}${path}`, textToVideo(over), { authorization: `Bearer ${EMULATOR_KEY}` });
};
const lists = (): number =>
  app.emulator.requests().filter(({ method, path }) => method === 'POST' && path === '/tasks').length;
const video = async (): Promise<{ inUse: number; elsewhere: number } | undefined> => {
  const { json } = await get(`${app.controlUrl}/v1/status`);
  const { pools } = json as unknown as { pools: { name: string; inUse: number; elsewhere: number }[] };
  return pools.find(({ name }) => name === 'video');
};

describe('open tasks of the account that are not ours', () => {
  it('take slots until Kling lists them as open no more; our own are not counted twice', async () => {
    await start();
    expect((await create()).status).toBe(200);
    await advanceUntil(clock, async () => lists() === 1, { stepMs: 20 });
    expect(await video()).toMatchObject({ inUse: 1, elsewhere: 0 });
    for (let i = 0; i < 2; i += 1) expect((await createElsewhere()).status).toBe(200);
    await advanceUntil(clock, async () => (await video())?.elsewhere === 2, { stepMs: 2_000, stepsMax: 40 });
    expect(await video()).toMatchObject({ inUse: 3, elsewhere: 2 });
    expect((await create()).status).toBe(429);
    // All have ended at 100 s; the next list shows it.
    await advanceBy(clock, 100_000, 2_000);
    expect((await create()).status).toBe(200);
    await advanceUntil(clock, async () => (await video())?.elsewhere === 0, { stepMs: 2_000 });
  });

  it('are asked for once a minute at most, only while creates of ours are open, and not without a limit', async () => {
    await start();
    await advanceBy(clock, 120_000, 5_000);
    expect(lists()).toBe(0);
    expect((await create()).status).toBe(200);
    await advanceBy(clock, 90_000, 1_000);
    expect(lists()).toBe(2);
    await advanceUntil(clock, async () => (await video())?.inUse === 0, { stepMs: 2_000 });
    const before = lists();
    await advanceBy(clock, 300_000, 5_000);
    expect(lists()).toBe(before);
    await app.reload({ limits: {} });
    expect((await create()).status).toBe(200);
    await advanceBy(clock, 70_000, 5_000);
    expect(lists()).toBe(before);
  });

  it('stay as they were counted where the list cannot be read', async () => {
    await start({ emulator: { taskSeconds: { submitted: 100, processing: 100 } } });
    await create();
    for (let i = 0; i < 2; i += 1) await createElsewhere();
    await advanceUntil(clock, async () => (await video())?.elsewhere === 2, { stepMs: 2_000, stepsMax: 40 });
    app.emulator.addFault({ kind: 'code', code: 5000, match: { method: 'POST', path: '/tasks' }, times: 1 });
    const before = lists();
    await advanceUntil(clock, () => lists() > before, { stepMs: 2_000, stepsMax: 40 });
    expect(await video()).toMatchObject({ elsewhere: 2 });
  });

  it('are those of all pages, without those that are stuck and those of another product', async () => {
    await start({ config: { tasks: { pollIntervalMs: 5_000, stuckAfterMs: 70_000 } } });
    await create();
    await createElsewhere();
    await createElsewhere('/v1/images/generations', { duration: undefined, mode: undefined });
    await advanceBy(clock, 62_000, 2_000);
    await advanceUntil(clock, async () => (await video())?.elsewhere === 1, { stepMs: 500 });
    // The foreign task is 75 s old, and still open.
    await advanceBy(clock, 10_000, 2_000);
    expect((await create()).status).toBe(200);
    await advanceUntil(clock, async () => (await video())?.elsewhere === 0, { stepMs: 2_000, stepsMax: 40 });
  });

  it('are not known with access and secret key', async () => {
    await start({
      env: { KLING_ACCESS_KEY: 'emulator-access-key', KLING_SECRET_KEY: 'emulator-secret-key' },
    });
    await create();
    await advanceBy(clock, 5_000, 500);
    expect(lists()).toBe(0);
  });
});
