import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, systemClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';

const PATH = '/v1/videos/text2video';
const env = {
  KLING_ACCESS_KEY: 'emulator-ak',
  KLING_SECRET_KEY: 'emulator-sk-0123456789abcdef0123456789abcdef',
};

let started: StartedApp;
afterEach(() => started.stop());

const requests = () => started.emulator.requests().map(({ method }) => method);

/** Starts with a clock of ours that differs from Kling's. */
async function start(offMs: number): Promise<void> {
  started = await startApp({
    env,
    clock: createManualClock(Date.now() + offMs),
    emulator: { clock: systemClock },
    config: { tasks: { poll: false } },
  });
}

describe('a token that Kling calls early or expired', () => {
  it.each([
    ['ahead', 240_000],
    ['behind', -2 * 3_600_000],
  ])('is made again once for a read, with a clock that is %s', async (_name, offMs) => {
    await start(offMs);
    const list = await get(`${started.dataUrl}${PATH}?pageNum=1&pageSize=5`);
    expect(list).toMatchObject({ status: 200, json: { code: 0 } });
    expect(requests()).toEqual(['GET', 'GET']);
    expect((await get(`${started.dataUrl}${PATH}?pageNum=1&pageSize=5`)).status).toBe(200);
    expect(requests()).toHaveLength(3);
  });

  it('is made again once for a create, which is made once', async () => {
    await start(240_000);
    const made = await post(started.dataUrl + PATH, textToVideo());
    expect(made).toMatchObject({ status: 200, json: { code: 0 } });
    expect(requests()).toEqual(['POST', 'POST']);
    expect(started.emulator.book().charges).toHaveLength(1);
  });

  it('is made again no second time, and any other 401 not once', async () => {
    await start(0);
    const match = { method: 'GET' };
    started.emulator.addFault({ kind: 'code', code: 1003, times: 2, match });
    expect((await get(`${started.dataUrl}${PATH}/1`)).json.code).toBe(1003);
    expect(requests()).toHaveLength(2);
    started.emulator.addFault({ kind: 'code', code: 1002, match });
    const refused = await get(`${started.dataUrl}${PATH}/1`);
    expect([refused.status, refused.json.code]).toEqual([401, 1002]);
    expect(refused.headers['x-request-id']).toMatch(/^req_/);
    expect(requests()).toHaveLength(3);
    started.emulator.addFault({
      kind: 'code',
      code: 1004,
      times: 2,
      match: { method: 'POST', path: '/v1/' },
    });
    expect((await post(started.dataUrl + PATH, textToVideo())).json.code).toBe(1004);
    expect(requests()).toHaveLength(5);
    expect(started.emulator.book().charges).toHaveLength(0);
  });
});

it('numbers every attempt of a create once, signed anew and sent anew without its task id', async () => {
  await start(0);
  const match = { method: 'POST' };
  started.emulator.addFault({ kind: 'code', code: 1004, match });
  started.emulator.addFault({
    kind: 'code',
    code: 1201,
    message: 'external_task_id is not supported',
    match,
  });
  started.emulator.addFault({ kind: 'code', code: 1003, match });
  expect((await post(started.dataUrl + PATH, textToVideo())).json.code).toBe(0);
  const { json } = await get(`${started.controlUrl}/v1/calls`);
  const { calls } = json as unknown as { calls: { attempt: number; code: number }[] };
  expect(calls.map(({ attempt, code }) => [attempt, code]).toSorted()).toEqual([
    [1, 1004],
    [2, 1201],
    [3, 1003],
    [4, 0],
  ]);
});

it('with access and secret key alone, a create on a path of the new generation is refused and explained', async () => {
  await start(0);
  const refused = await post(`${started.dataUrl}/text-to-video/kling-2.6`, { prompt: 'x' });
  expect(refused).toMatchObject({ status: 403, json: { code: 9006, data: { klingCode: 1002 } } });
  expect(refused.json.message).toContain('KLING_API_KEY_FILE');
  expect(requests()).toEqual([]);
});
