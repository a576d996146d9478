import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateBatch, type BatchRoom, type PricedRequest } from '../../src/control/estimate.ts';
import { createPriceOne, type PriceRules } from '../../src/control/price-one.ts';
import { LISTED_MODELS } from '../../src/kling/models.ts';
import { DEFAULT_ROUTES } from '../../src/kling/routes.ts';

const MODELS = ['a', 'b', 'c'];

const request = fc.record({
  credits: fc.integer({ min: 0, max: 50 }),
  saving: fc.integer({ min: 0, max: 50 }),
  model: fc.constantFrom(...MODELS),
  isRefused: fc.boolean().map((flag) => flag),
});
const batch = fc.array(request, { maxLength: 20 }).map((rows) =>
  rows.map(({ credits, saving, model, isRefused }): PricedRequest => ({
    operation: 'text-to-video',
    model,
    mode: 'pro',
    basis: 'exact',
    credits,
    heldCredits: credits,
    heldCreditsIfStandard: Math.max(0, credits - saving),
    notes: [],
    refusal: isRefused && credits % 7 === 0 ? 'too expensive' : null,
  })),
);
const rooms = fc
  .array(fc.record({ remaining: fc.integer({ min: -20, max: 300 }), models: fc.subarray(MODELS) }), {
    maxLength: 4,
  })
  .map((rows) =>
    rows.map(({ remaining, models }, index): BatchRoom => ({
      name: `b${index}`,
      remainingCredits: remaining,
      counts: ({ model }) => models.includes(model ?? ''),
    })),
  );

/** Admits one request after another as the ledger would, all or nothing over every budget; from first principles. */
function admitInOrder(
  requests: readonly PricedRequest[],
  budgets: readonly BatchRoom[],
  standard: boolean,
): number {
  for (let length = 0; length < requests.length; length += 1) {
    const last = requests[length];
    if (last === undefined || last.refusal !== null) return length;
    const costOf = (one: PricedRequest) => (standard ? one.heldCreditsIfStandard : one.heldCredits);
    const isOver = budgets.some((budget) => {
      if (!budget.counts(last) || costOf(last) === 0) return false;
      const used = requests.slice(0, length + 1).filter((one) => budget.counts(one));
      return used.reduce((sum, one) => sum + costOf(one), 0) > budget.remainingCredits;
    });
    if (isOver) return length;
  }
  return requests.length;
}

describe('the estimate of a batch', () => {
  test('the prefix that fits is the one that the ledger would admit, and no longer one', () => {
    fc.assert(
      fc.property(batch, rooms, (requests, budgets) => {
        const estimate = estimateBatch(requests, budgets);
        expect(estimate.fitsCount).toBe(admitInOrder(requests, budgets, false));
        expect(estimate.fits).toBe(estimate.fitsCount === requests.length);
        expect(estimate.fitsIfStandard).toBe(admitInOrder(requests, budgets, true) === requests.length);
        expect(estimate.totalCredits).toBe(requests.reduce((sum, one) => sum + one.heldCredits, 0));
      }),
      { numRuns: 500 },
    );
  });

  test('a batch that fits also fits in standard mode, and standard never costs more', () => {
    fc.assert(
      fc.property(batch, rooms, (requests, budgets) => {
        const estimate = estimateBatch(requests, budgets);
        expect(estimate.totalCreditsIfStandard).toBeLessThanOrEqual(estimate.totalCredits);
        if (estimate.fits) expect(estimate.fitsIfStandard).toBe(true);
      }),
    );
  });

  test('a batch fits exactly if each budget has what the batch needs of it', () => {
    fc.assert(
      fc.property(batch, rooms, (requests, budgets) => {
        const estimate = estimateBatch(requests, budgets);
        const isRefused = requests.some(({ refusal }) => refusal !== null);
        if (!isRefused) expect(estimate.fits).toBe(estimate.budgets.every(({ fits }) => fits));
        for (const [index, room] of estimate.budgets.entries()) {
          const counted = requests.filter((one) => budgets[index]?.counts(one));
          expect(room.neededCredits).toBe(counted.reduce((sum, one) => sum + one.heldCredits, 0));
        }
      }),
    );
  });

  test('an empty batch and a batch without budgets fit', () => {
    const full: BatchRoom = { name: 'full', remainingCredits: -5, counts: () => true };
    expect(estimateBatch([], [full])).toMatchObject({ fits: true, fitsCount: 0, totalCredits: 0 });
  });
});

describe('the price of one create of a batch', () => {
  const rules: PriceRules = {
    routes: DEFAULT_ROUTES,
    pricing: {
      list: 'vendor',
      overrides: [],
      assumeSeconds: {},
      unknownRouteCredits: 450_000,
      nowMs: Date.UTC(2026, 10, 21),
      models: LISTED_MODELS,
    },
    unknownRoute: 'hold',
    unknownRouteCredits: 450_000,
    maxCreditsEach: null,
    appMaxCreditsEach: new Map(),
    stripPrefixes: ['/kling'],
  };
  const priceWith = (changes: Partial<PriceRules>) => createPriceOne(() => ({ ...rules, ...changes }));
  const labels = { app: 'default', tag: null };
  const silent = { model_name: 'kling-v1', prompt: 'a cat', mode: 'pro', duration: '5' };

  test('is the vendor’s, with the price in standard mode', () => {
    const priced = priceWith({})({ path: '/v1/videos/text2video', body: silent }, labels);
    expect(priced).toMatchObject({
      credits: 35_000,
      heldCreditsIfStandard: 10_000,
      basis: 'exact',
      refusal: null,
    });
    expect(priceWith({})({ path: '/kling/v1/videos/text2video', body: silent }, labels)).toEqual(priced);
  });

  test('of an unknown route is null, with what would be held or why it would be refused', () => {
    const unknown = { path: '/v1/videos/brand-new', body: {} };
    expect(priceWith({})(unknown, labels)).toMatchObject({
      credits: null,
      basis: 'unknown',
      heldCredits: 450_000,
    });
    const pricing = { ...rules.pricing, unknownRouteCredits: null };
    expect(priceWith({ unknownRoute: 'pass', pricing })(unknown, labels)).toMatchObject({
      heldCredits: 0,
      refusal: null,
    });
    expect(priceWith({ unknownRoute: 'refuse' })(unknown, labels).refusal).toContain('route_not_priced');
  });

  test('names the data plane’s refusals: too expensive, broken, or not a create', () => {
    const dear = priceWith({ maxCreditsEach: 34_999 })(
      { path: '/v1/videos/text2video', body: silent },
      labels,
    );
    expect(dear.refusal).toBe('task_too_expensive: 35 credits, and one may cost at most 34.999');
    const broken = { path: '/v1/videos/text2video', body: { ...silent, duration: { of: 5 } } };
    expect(priceWith({})(broken, labels).refusal).toContain('body_refused');
    expect(priceWith({})({ path: '/account/costs', body: {} }, labels).refusal).toContain('target_refused');
  });
});
