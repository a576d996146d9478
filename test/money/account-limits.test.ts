/** Limits that nobody configured: from the account's packs and from refusals, over real sockets. */
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { advanceUntil, turns, whileMoving } from './hand-clock.ts';

const PATH = '/v1/videos/text2video';

let clock: ManualClock;
let app: StartedApp;
afterEach(() => app.stop());

async function start(options: StartOptions = {}): Promise<void> {
  clock = createManualClock(Date.UTC(2026, 9, 20, 6));
  app = await startApp({
    clock,
    ...options,
    emulator: { speed: 1, taskSeconds: { submitted: 30, processing: 30 }, ...options.emulator },
  });
}

const create = (): ReturnType<typeof post> => post(app.dataUrl + PATH, textToVideo());
const pools = async (): Promise<{ name: string }[]> => {
  const { json } = await get(`${app.controlUrl}/v1/status`);
  return (json as unknown as { pools: { name: string }[] }).pools;
};
const video = async (): Promise<unknown> => (await pools()).find(({ name }) => name === 'video');
const arrived = (): number =>
  app.emulator.requests().filter(({ path, method }) => method === 'POST' && path.startsWith('/v1/')).length;

describe('creates of an account whose packs are read', () => {
  it('wait for a slot of the pack without any limit in the config, and Kling refuses none', async () => {
    await start({
      config: { account: { poll: true }, limits: { queueWaitMsMax: 17_000 } },
    });
    await advanceUntil(clock, async () => {
      void app.app.runDue();
      return JSON.stringify(await pools()).includes('"video"');
    });
    expect(await pools()).toMatchObject([
      { name: 'video', limit: 5 },
      { name: 'image', limit: 9 },
    ]);
    const calls = Array.from({ length: 7 }, create);
    await turns();
    await clock.advance(1_000);
    await turns();
    expect(arrived()).toBe(5);
    const answers = await whileMoving(clock, Promise.all(calls), 1_000);
    const codes = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(codes).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(arrived()).toBe(5);
  });

  it('do not wait where the packs are not read', async () => {
    await start();
    for (let i = 0; i < 5; i += 1) expect((await whileMoving(clock, create())).status).toBe(200);
    expect(await pools()).toEqual([]);
  });
});

describe('creates of an account whose limit nobody names', () => {
  it('teach it by a refusal, and the next life knows it', async () => {
    const emulator = { concurrency: { video: 2 }, taskSeconds: { submitted: 200, processing: 200 } };
    await start({ emulator });
    for (let i = 0; i < 2; i += 1) expect((await whileMoving(clock, create())).status).toBe(200);
    expect(await pools()).toEqual([]);
    const refused = await whileMoving(clock, create());
    expect(refused.json.code).toBe(1303);
    expect(await video()).toMatchObject({ limit: 2, source: 'learned', inUse: 2 });
    const { emulator: kling, app: first, folder } = app;
    const baseUrl = `http://${kling.requests()[0]?.headers['host'] ?? ''}`;
    await first.stop();
    app = await startApp({ clock, folder, baseUrl });
    expect(await video()).toMatchObject({ limit: 2, source: 'learned', inUse: 2 });
    const sent = kling.requests().filter(({ path }) => path === PATH).length;
    expect((await whileMoving(clock, create())).status).toBe(429);
    expect(kling.requests().filter(({ path }) => path === PATH)).toHaveLength(sent);
    await kling.stop();
  });
});
