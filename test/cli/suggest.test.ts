import { afterEach, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import type { PricesAnswer, SuggestedBudgetsAnswer } from '../../src/control/suggest-schemas.ts';
import { anotherVideo, get, post } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceUntil } from '../money/hand-clock.ts';

let app: StartedApp;
afterEach(() => app.stop());

const read = async <T>(path: string): Promise<T> => (await get(app.controlUrl + path)).json as unknown as T;

it('suggests the price that Kling deducts, which config takes as it is, and limits by what was spent', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 21, 12));
  app = await startApp({ clock, emulator: { speed: 1 } });
  // Five seconds of kling-v1 are 1 unit by the list.
  app.emulator.addFault({ kind: 'charge_units', units: 1.5, times: 'always' });
  const send = (name: string) =>
    post(`${app.dataUrl}/v1/videos/text2video`, anotherVideo(), { 'x-kling-app': name });
  for (const name of ['red', 'red', 'blue']) expect((await send(name)).status).toBe(200);
  const prices = await advanceUntil(clock, async () => {
    await app.app.runDue();
    const answer = await read<PricesAnswer>('/v1/suggestions/prices');
    return answer.suggestions.length > 0 && answer;
  });
  const override = { operation: 'text-to-video', model: 'kling-v1', mode: 'std', creditsPerSecond: 3 };
  expect(prices.overrides).toEqual([override]);
  expect(prices.suggestions[0]).toMatchObject({ heldCredits: 2, deductedCredits: 3, tasks: 3 });
  const budgets = await read<SuggestedBudgetsAnswer>('/v1/suggestions/budgets?headroom=0');
  expect(budgets.source).toBe('ours');
  const daily = budgets.limits.filter(({ window }) => window === 'day');
  expect(daily.map(({ app: name, highestCredits }) => [name, highestCredits])).toEqual([
    [null, 45],
    ['blue', 15],
    ['red', 30],
  ]);
  await app.reload({ pricing: { overrides: prices.overrides }, budgets: budgets.budgets });
  const again = await post(`${app.controlUrl}/v1/estimate`, {
    requests: [{ path: '/v1/videos/text2video', body: anotherVideo() }],
  });
  expect((again.json as unknown as { totalCredits: number }).totalCredits).toBe(15);
});
