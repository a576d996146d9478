import { describe, expect, it } from 'vitest';
import { load, problemAt } from './load-text.ts';

const limitsOf = (limits: unknown) => load({ limits }).config.limits;
const freeTier = (file: object) => load(file).config.budgets.find(({ name }) => name === 'free-tier');

describe('limits.tier', () => {
  it('gives tasks at once and requests a minute for each named tier', () => {
    expect(limitsOf({})).toMatchObject({ tier: null, requestsPerMinute: null });
    expect(limitsOf({ tier: 'free' })).toMatchObject({ tier: { concurrency: 1 }, requestsPerMinute: 10 });
    expect(limitsOf({ tier: 'standard' })).toMatchObject({ tier: { concurrency: 3 }, requestsPerMinute: 30 });
    expect(limitsOf({ tier: 'pro' })).toMatchObject({ tier: { concurrency: 5 }, requestsPerMinute: 60 });
  });

  it('takes an enterprise’s numbers, with a rate only where it has one', () => {
    expect(limitsOf({ tier: { enterprise: 20 } })).toMatchObject({
      tier: { name: 'enterprise', concurrency: 20, creditsPerDay: null },
      requestsPerMinute: null,
    });
    expect(limitsOf({ tier: { enterprise: 20, requestsPerMinute: 200 } }).requestsPerMinute).toBe(200);
  });

  it('leaves a rate of the config unchanged', () => {
    expect(limitsOf({ tier: 'pro', requestsPerMinute: 7 }).requestsPerMinute).toBe(7);
  });

  it('adds a budget of 66 credits a day for the free tier, beside those of the config', () => {
    const budgets = [{ name: 'month', credits: 500, window: 'month', timeZone: 'Europe/Berlin' }];
    expect(freeTier({ limits: { tier: 'free' }, budgets })).toEqual({
      name: 'free-tier',
      limit: 66_000,
      window: 'day',
      timeZone: 'Europe/Berlin',
      alertAt: [0.8],
      mode: 'enforce',
      match: {},
      per: null,
    });
    expect(load({ limits: { tier: 'free' }, budgets }).config.budgets).toHaveLength(2);
    expect(freeTier({ limits: { tier: 'free' }, budgets: [] })?.timeZone).toBe('UTC');
    expect(freeTier({ limits: { tier: 'pro' } })).toBeUndefined();
  });

  it('leaves the day’s credits to a budget that has the name of the tier’s', () => {
    const budgets = [{ name: 'free-tier', credits: 100, window: 'day' }];
    expect(load({ limits: { tier: 'free' }, budgets }).config.budgets).toMatchObject([{ limit: 100_000 }]);
  });

  it('names what is allowed in place of a wrong tier', () => {
    const problem = problemAt('limits.tier', { limits: { tier: 'gold' } });
    expect(problem.allowed).toContain('"free", "standard", "pro" or an object with enterprise');
  });
});
