import { afterAll, beforeAll, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { cli, type CliRun } from '../cli/run-cli.ts';

/** Nine in the evening of 31 October in Berlin. */
const EVENING = Date.UTC(2026, 9, 31, 20);
const HOUR_MS = 3_600_000;

let started: StartedApp;
let clock: ManualClock;
const create = async (): Promise<void> => {
  expect((await post(`${started.dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(200);
};
beforeAll(async () => {
  clock = createManualClock(EVENING);
  started = await startApp({
    clock,
    config: {
      tasks: { poll: false },
      budgets: [
        { name: 'month', usd: 14, window: 'month', timeZone: 'Europe/Berlin' },
        { name: 'day', credits: 500, window: 'day', timeZone: 'Europe/Berlin' },
      ],
    },
  });
  await create();
  await create();
  await clock.advance(4 * HOUR_MS);
  await create();
});
afterAll(() => started.stop());

const run = (args: readonly string[], more = {}): Promise<CliRun> =>
  cli(args, {
    cwd: started.folder,
    env: { KLING_SIDECAR__CONTROL__PORT: new URL(started.controlUrl).port },
    ...more,
  });
const json = async <T>(args: readonly string[]): Promise<T> =>
  JSON.parse((await run([...args, '--json'])).out) as T;

it('a budget in US dollars shows dollars beside credits', async () => {
  const { budgets } = await json<{ budgets: Record<string, unknown>[] }>(['budget', 'list']);
  const [day, month] = budgets.sort((a, b) => String(a['name']).localeCompare(String(b['name'])));
  expect(month).toMatchObject({
    limitCredits: 1000,
    limitUsd: 14,
    heldCredits: 10,
    usedUsd: 0.14,
    remainingUsd: 13.86,
  });
  expect(day).toMatchObject({ limitCredits: 500, limitUsd: null, usedUsd: null, remainingUsd: null });
  for (const command of [['budget', 'list'], ['status']]) {
    const { out } = await run(command);
    expect(out).toMatch(/limit USD +used USD +left USD\n/);
    expect(out).toMatch(/month .* 14\.00 +0\.14 +13\.86\n/);
  }
});

it('a raised budget shows by how much, until when, by whom and why', async () => {
  const raise = [
    'budget',
    'raise',
    'month',
    '--by',
    '100',
    '--until',
    '2026-11-03T08:30:00Z',
    '--actor',
    'alice',
    '--reason',
    'launch',
  ];
  expect((await run(raise)).code).toBe(0);
  const { budgets } = await json<{ budgets: Record<string, unknown>[] }>(['status']);
  const month = budgets.find(({ name }) => name === 'month');
  expect(month).toMatchObject({
    limitCredits: 1100,
    limitUsd: 15.4,
    raises: [{ byCredits: 100, until: '2026-11-03T08:30:00.000Z', actor: 'alice', reason: 'launch' }],
  });
  const { out } = await run(['budget', 'list'], { isTerminal: true, columns: 80 });
  expect(out.replaceAll('\n', ' ')).toContain(
    'month is raised by 100 credits until 2026-11-03 09:30 (Europe/Berlin), by alice: launch',
  );
});

it('usage is of a month of the budgets’ zone, by month, and with its cost', async () => {
  const sums = async (...args: string[]) =>
    (await json<{ rows: Record<string, unknown>[] }>(['usage', ...args])).rows.map(
      ({ month, day, tasks, heldCredits, heldCost, currency }) => [
        month ?? day,
        tasks,
        heldCredits,
        heldCost,
        currency,
      ],
    );
  expect(await sums('--by', 'month')).toEqual([
    ['2026-10', 2, 20, 0.28, 'USD'],
    ['2026-11', 1, 10, 0.14, 'USD'],
  ]);
  expect(await sums('--by', 'day', '--month', '2026-11')).toEqual([['2026-11-01', 1, 10, 0.14, 'USD']]);
  expect(await sums('--by', 'month', '--time-zone', 'America/Los_Angeles')).toEqual([
    ['2026-10', 3, 30, 0.42, 'USD'],
  ]);
  expect((await json<{ rows: unknown[] }>(['usage', '--month', '2026-10'])).rows).toHaveLength(2);
  expect(
    (await json<{ rows: unknown[] }>(['usage', '--month', '2026-10', '--time-zone', 'UTC'])).rows,
  ).toHaveLength(2);
  const table = await run(['usage', '--month', '2026-11'], { isTerminal: true, columns: 120 });
  expect(table.out).toMatch(/credits +USD /);
  expect(table.out).toMatch(/^2026-11-01 01:00 .* 10 +0\.14 /m);
  expect((await run(['usage', '--month', '2026-11', '--from', '2026-11-01'])).code).toBe(2);
  expect((await run(['usage', '--time-zone', 'Mars/Base'])).code).toBe(2);
});
