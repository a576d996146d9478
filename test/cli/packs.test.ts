import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import type { PacksAnswer } from '../../src/control/pack-schemas.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceUntil } from '../money/hand-clock.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 21, 12);
const NAME = 'Trial-Video-100Units-5Con-1Months';

let app: StartedApp;
let clock: ManualClock;
afterEach(() => app.stop());

const packs = async (query = ''): Promise<PacksAnswer> =>
  (await get(`${app.controlUrl}/v1/packs${query}`)).json as unknown as PacksAnswer;

describe('the account’s packs', () => {
  it('have what is left, how long it lasts, what expires unused, tasks at once, and the price', async () => {
    clock = createManualClock(START);
    app = await startApp({
      clock,
      emulator: {
        speed: 1,
        packs: [
          {
            name: NAME,
            product: 'video',
            units: 100,
            effectiveAt: START - 20 * DAY,
            invalidAt: START + 10 * DAY,
          },
          {
            name: 'Next',
            product: 'video',
            units: 50,
            effectiveAt: START + 10 * DAY,
            invalidAt: START + 40 * DAY,
          },
          {
            name: 'Past',
            product: 'video',
            units: 10,
            effectiveAt: START - 90 * DAY,
            invalidAt: START - 60 * DAY,
          },
        ],
      },
      config: { account: { poll: true }, claims: { packs: [{ pack: NAME, amount: 9.8 }] } },
    });
    const body = textToVideo({ mode: 'pro', duration: '10' });
    expect((await post(`${app.dataUrl}/v1/videos/text2video`, body)).status).toBe(200);
    const order = (job: string) =>
      post(
        `${app.controlUrl}/v1/jobs/${job}/run`,
        { reason: 'a test' },
        { authorization: `Bearer ${app.token}` },
      );
    await advanceUntil(clock, async () => {
      await order('packs');
      await order('ledgers');
      const { packs: listed } = await packs();
      return listed.some(
        ({ name, perDayUnits, remainingUnits }) =>
          name === NAME && perDayUnits === 1 && remainingUnits === 93,
      );
    });
    const { packs: listed, products, readAt, problem } = await packs();
    expect(problem).toBeNull();
    expect(readAt).not.toBeNull();
    expect(listed.map(({ name, state }) => [name, state])).toEqual([
      [NAME, 'usable'],
      ['Next', 'upcoming'],
    ]);
    // Seven units in seven days: a unit a day for ten days: 83 of 93 are left.
    expect(listed[0]).toMatchObject({
      product: 'video',
      type: 'decreasing_total',
      totalUnits: 100,
      remainingCredits: 930,
      concurrency: 5,
      daysLeft: 93,
      expiresAt: new Date(START + 10 * DAY).toISOString(),
      price: { amount: 9.8, currency: 'USD', perCredit: 0.0098 },
    });
    expect(Math.round(listed[0]?.unusedUnits ?? 0)).toBe(83);
    expect(products[0]).toMatchObject({ product: 'video', remainingUnits: 93, daysLeft: 93 });
    expect((await packs('?all=true')).packs.map(({ name }) => name)).toContain('Past');
  });
});
