import { afterEach, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';

let started: StartedApp;
afterEach(() => started.stop());

const OFF_MS = 10 * 60_000;

it('refuses creates while Kling’s clock is far from ours, looks again by itself, and goes on', async () => {
  started = await startApp({ config: { tasks: { poll: false } } });
  const { dataUrl, controlUrl, emulator } = started;
  emulator.addFault({ kind: 'clock_skew', ms: OFF_MS, match: { method: 'GET' } });
  await get(`${dataUrl}/v1/videos/text2video?pageNum=1&pageSize=1`);
  const refused = await post(`${dataUrl}/v1/videos/text2video`, textToVideo());
  expect(refused).toMatchObject({ status: 503, json: { code: 9062, data: { word: 'clock_untrusted' } } });
  expect(refused.json.message).toContain('clock accept');
  expect(emulator.book().charges).toEqual([]);
  await until('a create passes, though no app read anything', async () => {
    return (await post(`${dataUrl}/v1/videos/text2video`, textToVideo())).status === 200;
  });
  const { json } = await get(`${controlUrl}/v1/status`);
  expect(Math.abs((json as unknown as { clockOffsetMs: number }).clockOffsetMs)).toBeLessThan(5_000);
});

it('goes on at once where an operator accepts the difference', async () => {
  started = await startApp({ config: { tasks: { poll: false } } });
  const { dataUrl, controlUrl, emulator, token } = started;
  emulator.addFault({ kind: 'clock_skew', ms: OFF_MS, times: 'always', match: {} });
  await get(`${dataUrl}/v1/videos/text2video?pageNum=1&pageSize=1`);
  expect((await post(`${dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(503);
  const order = { authorization: `Bearer ${token}` };
  const accepted = await post(
    `${controlUrl}/v1/clock/accept`,
    { reason: 'the VM is restored from a snapshot' },
    order,
  );
  expect(accepted.status).toBe(200);
  expect((await post(`${dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(200);
});
