/** How long a budget lasts, as the API and the metrics say it: one forecast for both. */
import { afterEach, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { anotherVideo, get, post } from './calls.ts';
import { startApp, type StartedApp } from './start-app.ts';

const MINUTE = 60_000;

let clock: ManualClock;
let started: StartedApp;
afterEach(() => started.stop());

type Exhaustion = (readonly [name: string, seconds: number | null])[];

async function exhaustion(path: string): Promise<Exhaustion> {
  const { json } = await get(`${started.controlUrl}${path}`);
  const { budgets } = json as unknown as { budgets: { name: string; exhaustionSeconds: number | null }[] };
  return budgets.map(({ name, exhaustionSeconds }) => [name, exhaustionSeconds]);
}

it('says when a budget is used up at its present pace, in budgets, in status and as a metric', async () => {
  clock = createManualClock(Date.UTC(2026, 10, 21, 10));
  const budgets = [
    { name: 'month', credits: 1000, window: 'month' },
    { name: 'small', credits: 10, window: 'day' },
  ];
  started = await startApp({ clock, config: { mode: 'observe', budgets, tasks: { poll: false } } });
  expect(await exhaustion('/v1/budgets')).toEqual([
    ['month', null],
    ['small', null],
  ]);
  await clock.advance(10 * MINUTE);
  await post(`${started.dataUrl}/v1/videos/text2video`, anotherVideo());
  // Ten credits in ten minutes: the other 990 last for 990 minutes.
  const expected = [
    ['month', 990 * 60],
    ['small', 0],
  ];
  expect(await exhaustion('/v1/budgets')).toEqual(expected);
  expect(await exhaustion('/v1/status')).toEqual(expected);
  const metrics = await (await fetch(`${started.controlUrl}/metrics`)).text();
  expect(metrics).toContain(`kling_budget_exhaustion_seconds{budget="month"} ${990 * 60}`);
});
