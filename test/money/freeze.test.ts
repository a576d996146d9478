import { afterEach, describe, expect, it } from 'vitest';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';

const PATH = '/v1/videos/text2video';

let started: StartedApp;
afterEach(() => started.stop());

const order = (method: 'freeze') =>
  post(
    `${started.controlUrl}/v1/${method}`,
    { reason: 'runaway' },
    { authorization: `Bearer ${started.token}` },
  );

describe('a freeze', () => {
  it.each(['protect', 'observe'] as const)('stops creates in %s, and no read', async (mode) => {
    started = await startApp({ config: { mode } });
    expect((await order('freeze')).status).toBe(200);
    for (let i = 0; i < 2; i += 1) {
      expect(await post(started.dataUrl + PATH, textToVideo())).toMatchObject({
        status: 403,
        json: { code: 9003, data: { word: 'spending_frozen' } },
      });
    }
    expect((await get(`${started.dataUrl}${PATH}?pageNum=1&pageSize=1`)).status).toBe(200);
    expect(started.emulator.book().charges).toEqual([]);
  });
});
