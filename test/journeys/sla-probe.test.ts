import { afterEach, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';

const WINDOW = 300_000;
const MORNING = Date.UTC(2025, 9, 6, 3);

let app: StartedApp;
let clock: ManualClock;
afterEach(() => app.stop());

interface Requests {
  valid: number;
  bySidecar: number;
  byProbe: number;
}
async function requests(): Promise<Requests> {
  const { json } = await get(`${app.controlUrl}/v1/sla/2025-10`);
  return (json as unknown as { requests: Requests }).requests;
}

it('makes one free read in a window that saw no request, counted apart, and none where one came', async () => {
  clock = createManualClock(MORNING);
  app = await startApp({ clock, config: { tasks: { poll: false }, sla: { probeIdleWindows: true } } });
  await clock.advance(WINDOW - 10_000);
  await until('the idle window was probed', async () => {
    await clock.advance(100);
    return (await requests()).byProbe === 1;
  });
  expect(app.emulator.requests().map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /v1/videos/text2video?pageNum=1&pageSize=1',
  ]);
  expect(app.emulator.book().charges).toEqual([]);

  // The next window sees a request of an app's, and is left alone.
  await clock.advance(MORNING + WINDOW - clock.now());
  const answer = await fetch(`${app.dataUrl}/v1/videos/text2video?pageNum=1`);
  expect(answer.status).toBe(200);
  await answer.arrayBuffer();
  await clock.advance(WINDOW - 1);
  await until('the app’s request is counted', async () => {
    await clock.advance(0);
    return (await requests()).valid === 2;
  });
  expect(await requests()).toMatchObject({ valid: 2, byProbe: 1, bySidecar: 1 });
  expect(app.emulator.requests()).toHaveLength(2);
});

it('is off unless it is configured', async () => {
  clock = createManualClock(MORNING);
  app = await startApp({ clock, config: { tasks: { poll: false } } });
  await clock.advance(3 * WINDOW);
  expect(app.emulator.requests()).toEqual([]);
  expect(await requests()).toMatchObject({ valid: 0, byProbe: 0 });
});
