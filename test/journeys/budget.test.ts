import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { advanceUntil } from '../money/hand-clock.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';

let started: StartedApp;
afterEach(() => started.stop());

const budgetOf = (credits: number) => ({ budgets: [{ name: 'daily', credits, window: 'day' }] });

describe('a budget', () => {
  it('refuses the video that would pass the limit, says why, and sends nothing', async () => {
    started = await startApp({ config: budgetOf(25) });
    const { dataUrl, controlUrl, emulator } = started;
    for (let i = 0; i < 2; i += 1)
      expect((await post(`${dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(200);
    const refused = await post(`${dataUrl}/v1/videos/text2video`, textToVideo());
    expect(refused.status).toBe(403);
    expect(refused.headers['x-kling-sidecar']).toBe('budget_exceeded');
    expect(refused.json).toMatchObject({
      code: 9001,
      message: expect.stringContaining('daily'),
      data: {
        word: 'budget_exceeded',
        retryable: false,
        budget: 'daily',
        limitCredits: 25,
        neededCredits: 10,
      },
    });
    expect(refused.json.data['resetsAt']).toMatch(/T00:00:00\.000Z$/);
    expect(refused.json.request_id).toBe(refused.headers['x-request-id']);
    expect(emulator.book().charges).toHaveLength(2);
    const calls = await until('the refusal is recorded', async () => {
      const { json } = await get(`${controlUrl}/v1/calls?kind=refused`);
      const rows = (json as unknown as { calls: { outcome?: string; status: number }[] }).calls;
      return rows.length > 0 && rows;
    });
    expect(calls[0]).toMatchObject({ status: 403, route: '/v1/videos/text2video' });
  });

  it('is never exceeded by 64 creates at once, by the upstream’s own charge book', async () => {
    started = await startApp({ config: budgetOf(200), emulator: { concurrency: { video: 100 } } });
    const { dataUrl, emulator, controlUrl } = started;
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => post(`${dataUrl}/v1/videos/text2video`, textToVideo())),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(44);
    expect(emulator.book().totalUnits).toBe(20);
    await until('all of it is settled', async () => {
      const { json } = await get(`${controlUrl}/v1/budgets`);
      const [row] = (json as unknown as { budgets: { settledCredits: number; heldCredits: number }[] })
        .budgets;
      return row?.settledCredits === 200 && row.heldCredits === 0;
    });
  });

  it('gives a failed task back, so that the next one fits', async () => {
    const clock = createManualClock(Date.UTC(2026, 9, 20, 6));
    started = await startApp({ config: budgetOf(10), clock });
    const { dataUrl } = started;
    const failing = await post(`${dataUrl}/v1/videos/text2video`, textToVideo({ prompt: 'fail-please' }));
    expect(failing.status).toBe(200);
    expect((await post(`${dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(403);
    // The task fails as its clock moves on, however long the posts above took.
    await advanceUntil(
      clock,
      async () => (await post(`${dataUrl}/v1/videos/text2video`, textToVideo())).status === 200,
    );
  });

  it('overrides everything while spending is frozen, and reads go on', async () => {
    started = await startApp();
    const { dataUrl, controlUrl, token } = started;
    const order = { authorization: `Bearer ${token}` };
    expect((await post(`${controlUrl}/v1/freeze`, { reason: 'a loop went wrong' }, order)).status).toBe(200);
    const refused = await post(`${dataUrl}/v1/videos/text2video`, textToVideo());
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({ code: 9003, data: { word: 'spending_frozen' } });
    expect(refused.json.message).toContain('a loop went wrong');
    expect((await get(`${dataUrl}/v1/videos/text2video?pageNum=1&pageSize=5`)).status).toBe(200);
  });

  it('counts what was deducted, whole, where that is more than was held', async () => {
    started = await startApp({ config: budgetOf(100) });
    const { dataUrl, controlUrl, emulator } = started;
    emulator.addFault({ kind: 'charge_units', match: { path: '/v1/videos/text2video' }, units: 12.5 });
    await post(`${dataUrl}/v1/videos/text2video`, textToVideo());
    const row = await until('the whole charge is in the budget', async () => {
      const { json } = await get(`${controlUrl}/v1/budgets`);
      const [budget] = (
        json as unknown as { budgets: { settledCredits: number; remainingCredits: number }[] }
      ).budgets;
      return budget && budget.settledCredits > 0 && budget;
    });
    expect(row).toMatchObject({ settledCredits: 125, remainingCredits: -25 });
    expect((await post(`${dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(403);
  });
});
