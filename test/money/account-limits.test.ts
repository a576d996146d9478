/** Limits that nobody configured: from the account's packs, over real sockets. */
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { advanceUntil, turns, whileMoving } from './hand-clock.ts';

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

const create = (): ReturnType<typeof post> => post(`${app.dataUrl}/v1/videos/text2video`, textToVideo());
const pools = async (): Promise<unknown> => {
  const { json } = await get(`${app.controlUrl}/v1/status`);
  return (json as unknown as { pools: unknown }).pools;
};
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
