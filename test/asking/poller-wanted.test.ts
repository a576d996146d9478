/** Tasks whose slots other creates wait for: they are asked for each second. */
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { advanceBy, advanceUntil, whileMoving } from '../money/hand-clock.ts';

const PATH = '/v1/videos/text2video';

let clock: ManualClock;
let started: StartedApp;
afterEach(() => started.stop());

async function start(
  limits: Record<string, unknown>,
  emulator: NonNullable<StartOptions['emulator']> = {},
): Promise<void> {
  clock = createManualClock(Date.UTC(2026, 9, 20, 6));
  started = await startApp({
    clock,
    config: {
      tasks: { pollIntervalMs: 60_000 },
      limits: { concurrency: { video: 1 }, queueWaitMsMax: 17_000, ...limits },
    },
    emulator: { speed: 1, taskSeconds: { submitted: 5, processing: 5 }, ...emulator },
  });
}

const create = (): ReturnType<typeof post> => post(started.dataUrl + PATH, textToVideo());
const polls = (): number =>
  started.emulator.requests().filter(({ path }) => path.startsWith('/tasks?task_ids=')).length;
const creates = (): number => started.emulator.requests().filter(({ path }) => path === PATH).length;

describe('a task whose slot is wanted', () => {
  it('is asked for each second while a create waits, and not before or after', async () => {
    await start({});
    expect((await whileMoving(clock, create(), 20)).status).toBe(200);
    await advanceBy(clock, 3_000, 250);
    expect(polls()).toBe(0);
    const from = clock.monotonic();
    const second = create();
    await advanceUntil(clock, () => creates() === 2, { stepMs: 50 });
    // The first ends ten seconds after its begin.
    expect(clock.monotonic() - from).toBeLessThan(8_000);
    const asked = polls();
    expect(asked).toBeGreaterThanOrEqual(6);
    expect(asked).toBeLessThanOrEqual(9);
    expect((await whileMoving(clock, second, 20)).status).toBe(200);
    await advanceBy(clock, 20_000, 500);
    expect(polls()).toBe(asked);
  });

  it('gives its slot on soon after its end, so that a queue keeps the pool busy', async () => {
    await start({}, { taskSeconds: { submitted: 0, processing: 1 } });
    const from = clock.monotonic();
    const all = Promise.all(Array.from({ length: 8 }, create));
    const answers = await whileMoving(clock, all, 10);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    // Seven tasks of a second each end before the last one begins.
    expect(clock.monotonic() - from).toBeLessThan(9_000);
  });

  it('is asked for less often where that would use up the requests of a minute', async () => {
    await start({ requestsPerMinute: 20 });
    expect((await whileMoving(clock, create(), 20)).status).toBe(200);
    const second = create();
    await advanceUntil(clock, () => creates() === 2, { stepMs: 50 });
    expect(polls()).toBeLessThanOrEqual(3);
    expect((await whileMoving(clock, second, 20)).status).toBe(200);
  });
});
