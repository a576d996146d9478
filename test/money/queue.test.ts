import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { budgetOf } from './books.ts';

const PATH = '/v1/videos/text2video';

let started: StartedApp;
afterEach(() => started.stop());

interface Pool {
  inUse: number;
  queued: number;
}

async function pool(): Promise<Pool> {
  const { json } = await get(`${started.controlUrl}/v1/status`);
  const [first] = (json as unknown as { pools: Pool[] }).pools;
  if (!first) throw new Error('there is no pool');
  return first;
}

const creates = (): number => started.emulator.requests().filter(({ method }) => method === 'POST').length;

describe('the queue for slots', () => {
  it('takes no create that a budget or a freeze refuses: its refusal comes at once', async () => {
    // The clock does not move: a create in the queue would never be answered.
    started = await startApp({
      clock: createManualClock(Date.now()),
      config: {
        budgets: [{ name: 'daily', credits: 15, window: 'day' }],
        limits: { concurrency: { video: 1 }, queueWaitMsMax: 15_000 },
        tasks: { poll: false },
      },
    });
    const { dataUrl, controlUrl, token } = started;
    expect((await post(dataUrl + PATH, textToVideo())).status).toBe(200);
    expect((await post(dataUrl + PATH, textToVideo())).json.code).toBe(9001);
    await post(`${controlUrl}/v1/freeze`, { reason: 'drill' }, { authorization: `Bearer ${token}` });
    expect((await post(dataUrl + PATH, textToVideo())).json.code).toBe(9003);
    expect(await pool()).toMatchObject({ inUse: 1, queued: 0 });
  });

  it('counts reads in the requests of a minute, delays none, and leaves creates a fifth', async () => {
    const limits = { requestsPerMinute: 5, queueWaitMsMax: 0 };
    started = await startApp({ config: { limits, tasks: { poll: false } } });
    const { dataUrl } = started;
    const reads = () => Promise.all(Array.from({ length: 10 }, () => get(`${dataUrl}/tasks?task_ids=1`)));
    const made = [];
    for (let i = 0; i < 2; i += 1) {
      expect((await reads()).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
      made.push(await post(dataUrl + PATH, textToVideo()));
    }
    expect(made).toMatchObject([{ status: 200 }, { status: 429, json: { code: 1303 } }]);
    expect(made[1]?.json.message).toContain('The requests of this minute are used up');
    expect(Number(made[1]?.headers['retry-after'])).toBeGreaterThan(50);
  });

  it('frees every slot, at any end of creates', async () => {
    started = await startApp({
      config: {
        budgets: [{ name: 'daily', credits: 65, window: 'day' }],
        limits: { concurrency: { video: 2 }, queueWaitMsMax: 10_000 },
      },
    });
    const { dataUrl, emulator } = started;
    const kinds = ['code', '5xx_after_charge', 'reset_after_charge', 'fail_task', 'latency'] as const;
    for (const kind of kinds) {
      emulator.addFault({
        kind,
        match: { method: 'POST', path: '/v1/' },
        ...(kind === 'code' ? { code: 1303 } : {}),
      });
    }
    const gone = new AbortController();
    const aborted = fetch(dataUrl + PATH, {
      method: 'POST',
      signal: gone.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(textToVideo()),
    }).catch(() => null);
    const others = Array.from({ length: 8 }, () => post(dataUrl + PATH, textToVideo()));
    await until('some have arrived', () => creates() > 1);
    gone.abort();
    await Promise.all([aborted, ...others]);
    await until('no slot is taken and nothing is held', async () => {
      const { heldCredits } = await budgetOf(started.controlUrl);
      return heldCredits === 0 && (await pool()).inUse === 0;
    });
    const { settledCredits } = await budgetOf(started.controlUrl);
    expect(settledCredits).toBe(emulator.book().totalUnits * 10);
    expect(settledCredits).toBeLessThanOrEqual(65);
  });
});
