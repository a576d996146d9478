import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/kling/routes.ts';
import { ALL_CASES } from './price-cases.ts';
import { price, routeFor } from './pricing.ts';

const CREDITS_PER_UNIT = { video: 10, image: 0.25 };

describe('the price of every create', () => {
  it.each(ALL_CASES)('$path $body costs $units $pool units', ({ path, body, units, pool, basis }) => {
    const priced = price(path, body);
    expect(priced.credits).toBe(Math.round(units * CREDITS_PER_UNIT[pool] * 1000));
    expect(priced.basis).toBe(basis);
    expect(priced.product).toBe(pool);
    expect(priced.unpricedFields).toEqual([]);
    expect(priced.costFields).toEqual([]);
    expect(priced.notes.length > 0, priced.notes.join()).toBe(basis === 'assumed');
    expect(priced.rule).toMatch(/20\d\d-\d\d-\d\d/);
  });

  it('covers every route that creates', () => {
    const priced = new Set(ALL_CASES.map(({ path }) => routeFor(path).template));
    const creates = ROUTES.filter(({ kind }) => kind === 'create' || kind === 'sync_create');
    expect(creates.map(({ template }) => template).filter((template) => !priced.has(template))).toEqual([]);
  });

  it('is the same for both generations of one model', () => {
    const pairs: [string, Record<string, unknown>, string, Record<string, unknown>][] = [
      [
        '/v1/videos/text2video',
        { model_name: 'kling-v3', duration: '7' },
        '/text-to-video/kling-3.0',
        { settings: { duration: 7 } },
      ],
      ['/v1/videos/omni-video', { mode: 'std' }, '/omni-video/kling-o1', {}],
      [
        '/v1/videos/text2video',
        { model_name: 'kling-v2-6', mode: 'pro' },
        '/text-to-video/kling-2.6',
        { settings: { resolution: '1080p' } },
      ],
    ];
    for (const [oldPath, oldBody, newPath, newBody] of pairs) {
      const [old, current] = [price(oldPath, oldBody), price(newPath, newBody)];
      expect([current.credits, current.model, current.mode, current.operation]).toEqual([
        old.credits,
        old.model,
        old.mode,
        old.operation,
      ]);
    }
  });
});
