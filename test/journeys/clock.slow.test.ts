import { afterEach, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';

let started: StartedApp;
afterEach(() => started.stop());

const OFF_MS = 10 * 60_000;

const CREATE = '/v1/videos/text2video';
const read = () => get(`${started.dataUrl}${CREATE}?pageNum=1&pageSize=1`);
const create = () => post(started.dataUrl + CREATE, textToVideo());

it('refuses creates while Kling’s clock is far from ours, looks again by itself, and goes on', async () => {
  started = await startApp({ config: { tasks: { poll: false } } });
  const { controlUrl, emulator } = started;
  emulator.addFault({ kind: 'clock_skew', ms: OFF_MS, times: 'always', match: { method: 'GET' } });
  await read();
  const refused = await create();
  expect(refused).toMatchObject({ status: 503, json: { code: 9062, data: { word: 'clock_untrusted' } } });
  expect(refused.json.message).toContain('clock accept');
  expect(emulator.book().charges).toEqual([]);
  emulator.clearFaults();
  await until('a create passes, though no app read anything', async () => (await create()).status === 200);
  const { json } = await get(`${controlUrl}/v1/status`);
  expect(Math.abs((json as unknown as { clockOffsetMs: number }).clockOffsetMs)).toBeLessThan(5_000);
});

it.each([
  ['the first that came', 0],
  ['one of many', 3],
])('refuses no create for a single odd answer, be it %s', async (_name, before) => {
  started = await startApp({ config: { tasks: { poll: false } } });
  const { emulator } = started;
  for (let i = 0; i < before; i += 1) await read();
  emulator.addFault({ kind: 'clock_skew', ms: -OFF_MS, match: { method: 'GET' } });
  await read();
  expect((await create()).status).toBe(200);
  expect(emulator.book().charges).toHaveLength(1);
});

it('remembers after a restart what an operator accepted, and that it was accepted', async () => {
  started = await startApp({ config: { tasks: { poll: false } } });
  const { controlUrl, emulator, token, folder } = started;
  emulator.addFault({ kind: 'clock_skew', ms: OFF_MS, times: 'always', match: {} });
  await read();
  expect((await create()).status).toBe(503);
  const order = { authorization: `Bearer ${token}` };
  const accepted = await post(`${controlUrl}/v1/clock/accept`, { reason: 'a host of tests' }, order);
  expect(accepted.json as unknown).toMatchObject({ clockOffsetMs: expect.any(Number) as number });
  await started.app.stop();
  await emulator.stop();
  started = await startApp({ folder, config: { tasks: { poll: false } } });
  started.emulator.addFault({ kind: 'clock_skew', ms: OFF_MS, times: 'always', match: {} });
  await read();
  expect((await create()).status).toBe(200);
  started.emulator.clearFaults();
  started.emulator.addFault({ kind: 'clock_skew', ms: 3 * OFF_MS, times: 'always', match: {} });
  await read();
  await read();
  expect((await create()).status).toBe(503);
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
