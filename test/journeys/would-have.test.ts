import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { post, textToVideo, until } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { cli, type CliRun } from '../cli/run-cli.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const OBSERVE: NonNullable<StartOptions['config']> = {
  mode: 'observe',
  budgets: [
    { name: 'tiny', credits: 15, window: 'total', timeZone: 'Asia/Shanghai' },
    { name: 'large', credits: 10_000, window: 'total', timeZone: 'Asia/Shanghai' },
  ],
};
const PROTECT = { ...OBSERVE, mode: 'protect' };

interface Counts {
  wouldHave: unknown[];
  wouldHaveSince: string | null;
  wouldHaveBy: { word: string; budget: string | null; app: string; count: number; credits: number }[];
}

let started: StartedApp;
afterEach(() => started.stop());

const status = async (): Promise<Counts> =>
  (await (await fetch(`${started.controlUrl}/v1/status`)).json()) as Counts;
const create = async (app: string): Promise<void> => {
  const sent = await post(`${started.dataUrl}/v1/videos/text2video`, textToVideo(), { 'x-kling-app': app });
  expect(sent.status).toBe(200);
};
const ask = (args: string[], isTerminal = false): Promise<CliRun> =>
  cli(args, {
    cwd: started.folder,
    isTerminal,
    env: { KLING_SIDECAR__CONTROL__PORT: new URL(started.controlUrl).port },
  });
const counted = (clock: ManualClock, times: number): Promise<Counts> =>
  until('all is counted', async () => {
    // Refusals join the next batch within 100 ms.
    await clock.advance(100);
    const now = await status();
    const refused = now.wouldHaveBy.filter(({ word }) => word === 'budget_exceeded');
    return refused.reduce((sum, { count }) => sum + count, 0) === times && now;
  });

it('what protect would have done is listed by word, budget and app, is kept over restarts, and ends with protect', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'kling-would-'));
  const clock = createManualClock(NOON);
  started = await startApp({ config: OBSERVE, folder, clock });
  for (const app of ['web', 'web', 'web', 'batch']) await create(app);
  const first = await counted(clock, 3);
  expect(first.wouldHaveSince).toBe('2026-11-21T12:00:00.000Z');
  expect(first.wouldHaveBy).toEqual(
    expect.arrayContaining([
      { word: 'budget_exceeded', budget: 'tiny', app: 'web', count: 2, credits: 20 },
      { word: 'budget_exceeded', budget: 'tiny', app: 'batch', count: 1, credits: 10 },
      { word: 'external_task_id_added', budget: null, app: 'web', count: 3, credits: 0 },
    ]),
  );
  expect(first.wouldHave).toContainEqual({ word: 'budget_exceeded', count: 3 });

  const { out } = await ask(['status', '--would-have'], true);
  expect(out).toMatch(/would have +budget +app +times +credits\n/);
  expect(out).toMatch(/budget_exceeded +tiny +web +2 +20\n/);
  expect(out).toContain('2026-11-21 20:00 (Asia/Shanghai)');
  expect(out.replaceAll(/\s+/g, ' ')).toContain('One refusal would often have prevented the next');

  await started.stop({ keep: true });
  await clock.advance(3_600_000);
  const offline = await ask(['status', '--would-have']);
  expect(offline.out).toMatch(/budget_exceeded +tiny +web +2 +20\n/);
  started = await startApp({ config: OBSERVE, folder, clock });
  await create('web');
  const second = await counted(clock, 4);
  expect(second.wouldHaveSince).toBe('2026-11-21T12:00:00.000Z');
  expect(second.wouldHaveBy).toContainEqual({
    word: 'budget_exceeded',
    budget: 'tiny',
    app: 'web',
    count: 3,
    credits: 30,
  });

  await started.reload(PROTECT);
  expect(await status()).toMatchObject({ wouldHave: [], wouldHaveSince: null, wouldHaveBy: [] });
  expect((await ask(['status', '--would-have'])).out).toMatch(/Nothing is counted in mode protect/);
  await clock.advance(3_600_000);
  await started.reload(OBSERVE);
  expect(await status()).toMatchObject({
    wouldHaveSince: expect.stringMatching(/^2026-11-21T14:00:/) as string,
    wouldHaveBy: [],
  });
});
