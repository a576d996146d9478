import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createEmulator } from '../../src/emulator/emulator.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { EMULATOR_KEY, startApp, type StartedApp } from '../app/start-app.ts';
import { holdsOf } from './books.ts';

const PATH = '/v1/videos/text2video';

let started: StartedApp;
afterEach(() => started.stop());

describe('a reload', () => {
  it('moves to another upstream without failing creates in flight, and turns the poller on', async () => {
    started = await startApp({ config: { tasks: { poll: false } } });
    const { dataUrl, controlUrl, emulator } = started;
    const other = createEmulator({ clock: systemClock, port: 0, speed: 50 });
    const { url } = await other.start();
    emulator.addFault({ kind: 'latency', ms: 500, match: { method: 'POST', path: '/v1/' } });
    const inFlight = post(dataUrl + PATH, textToVideo());
    await until('it arrived', () => emulator.requests().length === 1);
    await started.reload({ upstream: { baseUrl: url }, tasks: { poll: true } });
    const next = await post(dataUrl + PATH, textToVideo());
    expect((await inFlight).status).toBe(200);
    expect(emulator.book().charges).toHaveLength(1);
    expect(other.book().charges.map(({ taskId }) => taskId)).toEqual([next.json.data['task_id']]);
    await until('what was made there settles', async () => {
      return (await holdsOf(controlUrl)).some(({ state }) => state === 'settled');
    });
    const { json } = await get(`${controlUrl}/v1/status`);
    expect((json as unknown as { upstream: string }).upstream).toBe(url);
    await other.stop();
  });

  it('changes nothing if a part of it fails', async () => {
    started = await startApp({ config: { creates: { maxCreditsEach: 5 } } });
    const { dataUrl } = started;
    const bad = { upstream: { baseUrl: 'https://localhost:1', caFile: '/nowhere/ca.pem' } };
    await expect(started.reload({ ...bad, mode: 'observe' })).rejects.toThrow();
    expect((await post(dataUrl + PATH, textToVideo())).json.code).toBe(9002);
  });

  it('drops the refusals for the old credentials', async () => {
    started = await startApp();
    const { dataUrl, emulator } = started;
    emulator.addFault({ kind: 'code', code: 1101, match: { method: 'POST', path: '/v1/' } });
    expect((await post(dataUrl + PATH, textToVideo())).json.code).toBe(1101);
    expect((await post(dataUrl + PATH, textToVideo())).json.code).toBe(9006);
    await started.reload({}, { KLING_API_KEY: EMULATOR_KEY });
    expect((await post(dataUrl + PATH, textToVideo())).status).toBe(200);
  });
});
