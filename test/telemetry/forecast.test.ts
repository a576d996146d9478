import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BudgetForecast, type BurningBudget } from '../../src/telemetry/forecast.ts';

const MINUTE = 60_000;
const BUDGET: BurningBudget = {
  id: 'day/',
  windowKey: '2026-11-21',
  resetsAt: 24 * 60 * MINUTE,
  limitCredits: 1_000_000,
  usedCredits: 0,
};

/** Notes a budget that burns so much a minute, for some minutes; gives the last forecast. */
function burn(
  forecast: BudgetForecast,
  perMinute: number,
  minutes: number,
  over: Partial<BurningBudget> = {},
) {
  let last: number | null = null;
  for (let minute = 0; minute <= minutes; minute += 1) {
    const budget = { ...BUDGET, ...over, usedCredits: minute * perMinute };
    [last = null] = forecast.note([budget], minute * MINUTE);
  }
  return last;
}

describe('the forecast of a budget', () => {
  it('is the time that the rest lasts at the pace so far', () => {
    expect(burn(new BudgetForecast(), 1000, 100)).toBeCloseTo(900 * 60, 6);
  });

  it('says nothing in the first five minutes, and nothing if nothing is burned', () => {
    expect(burn(new BudgetForecast(), 1000, 4)).toBeNull();
    expect(burn(new BudgetForecast(), 1000, 5)).not.toBeNull();
    expect(burn(new BudgetForecast(), 0, 100)).toBeNull();
  });

  it('is absent if the window ends first, and 0 if the limit is reached', () => {
    expect(burn(new BudgetForecast(), 100, 60)).toBeNull();
    expect(burn(new BudgetForecast(), 100, 60, { resetsAt: null })).not.toBeNull();
    expect(burn(new BudgetForecast(), 10_000, 100)).toBe(0);
  });

  it('follows the last hour, not the day', () => {
    const forecast = new BudgetForecast();
    burn(forecast, 1000, 100);
    let last: number | null = null;
    for (let minute = 101; minute <= 170; minute += 1) {
      [last = null] = forecast.note([{ ...BUDGET, usedCredits: 100_000 }], minute * MINUTE);
    }
    expect(last).toBeNull();
  });

  it('starts again with a new window, and after the clock was set back', () => {
    const forecast = new BudgetForecast();
    burn(forecast, 1000, 100);
    expect(forecast.note([{ ...BUDGET, windowKey: '2026-11-22' }], 101 * MINUTE)).toEqual([null]);
    burn(forecast, 1000, 100);
    expect(forecast.note([{ ...BUDGET, usedCredits: 100_000 }], 50 * MINUTE)).toEqual([null]);
  });

  it('keeps what it noted of budgets that are left out, for an hour', () => {
    const forecast = new BudgetForecast();
    const [small, large] = [
      { ...BUDGET, id: 'tags/small' },
      { ...BUDGET, id: 'tags/large' },
    ];
    forecast.note([small, large], 0);
    forecast.noteSome([large], 5 * MINUTE);
    const used = { usedCredits: 100_000 };
    expect(forecast.noteSome([{ ...small, ...used }], 10 * MINUTE)).toEqual([9 * 10 * 60]);
    forecast.noteSome([large], 75 * MINUTE);
    expect(forecast.noteSome([{ ...small, ...used }], 76 * MINUTE)).toEqual([null]);
  });

  it('is never negative and never after the end of the window, for any notes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(10 * MINUTE), fc.nat(2_000_000)), { maxLength: 60 }), (steps) => {
        const forecast = new BudgetForecast();
        let at = 0;
        for (const [byMs, usedCredits] of steps) {
          at += byMs;
          const [seconds = null] = forecast.note([{ ...BUDGET, usedCredits }], at);
          if (seconds === null || seconds === 0) continue;
          expect(seconds).toBeGreaterThan(0);
          expect(at + seconds * 1000).toBeLessThan(BUDGET.resetsAt ?? 0);
        }
      }),
    );
  });
});
