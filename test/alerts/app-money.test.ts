import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';

const PATH = '/v1/videos/text2video';
const MORNING = Date.parse('2026-11-28T09:00:00Z');

let started: StartedApp;
afterEach(() => started.stop());

interface Listed {
  rule: string;
  title: string;
  severity: string;
}

/** What `alert list` shows, as `rule: title`; with `over` what is over, or was news. */
async function listed(list: 'firing' | 'recent'): Promise<string[]> {
  const { json } = await get(`${started.controlUrl}/v1/alerts`);
  return (
    (json as unknown as Record<string, Listed[]>)[list]?.map(({ rule, title }) => `${rule}: ${title}`) ?? []
  );
}

describe('alerts of a running sidecar', () => {
  it('report problems of money in the order in which they happen, and their end', async () => {
    const clock = createManualClock(MORNING);
    started = await startApp({
      clock,
      config: {
        budgets: [{ name: 'daily', credits: 50, alertAt: [0.4] }],
        creates: { unknownRouteCredits: 10 },
      },
    });
    const create = (path = PATH) => whileMoving(clock, post(started.dataUrl + path, textToVideo()));
    const order = (method: 'POST' | 'DELETE', path: string, body: object) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${started.token}` };
      const sent = request(started.controlUrl + path, { method, headers, body: JSON.stringify(body) });
      return whileMoving(
        clock,
        sent.then((answer) => answer.statusCode),
      );
    };
    const shows = (list: 'firing' | 'recent', text: string) =>
      advanceUntil(clock, async () => (await listed(list)).includes(text), { stepMs: 5_000 });

    for (let i = 0; i < 2; i += 1) expect((await create()).status).toBe(200);
    await shows('recent', 'budget_threshold: Budget daily is used to 40 %');

    started.emulator.addFault({ kind: 'code', code: 1102, match: { method: 'POST', path: '/v1/' } });
    expect((await create()).json.code).toBe(1102);
    await shows('firing', 'kling_refuses: The video pack is used up or expired (code 1102)');
    await clock.advance(30_000);
    expect((await create()).status).toBe(200);
    await advanceUntil(clock, async () => !(await listed('firing')).join().includes('kling_refuses'), {
      stepMs: 5_000,
    });

    await create('/v2/clips/12345678/remix');
    await shows('recent', 'route_unpriced: Creates of /v2/clips/*/remix have no price');

    while ((await create()).status === 200) await clock.advance(1_000);
    await shows('firing', 'budget_used_up: Budget daily is used up');
    await shows('firing', 'credits_refused: Creates of app default are refused: budget daily has no room');

    const until = new Date(MORNING + 8 * 3_600_000).toISOString();
    const raise = { byCredits: 100, until, reason: 'a launch' };
    expect(await order('POST', '/v1/budgets/daily/raise', raise)).toBe(200);
    await shows('recent', 'budget_used_up: Budget daily is used up');
    expect((await listed('firing')).join()).not.toContain('budget_used_up');

    const isFrozen = async () => (await listed('firing')).join().includes('spending_frozen');
    expect(await order('POST', '/v1/freeze', { reason: 'a loop' })).toBe(200);
    await advanceUntil(clock, isFrozen);
    expect(await order('DELETE', '/v1/freeze', { reason: 'mended' })).toBe(200);
    await advanceUntil(clock, async () => !(await isFrozen()));
  });
});
