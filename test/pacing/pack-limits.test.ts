import { describe, expect, it } from 'vitest';
import { nextPackChange, packConcurrency, packLimits } from '../../src/pacing/pack-limits.ts';
import { packOf } from './asked.ts';

describe('the limits that packs set', () => {
  it('are read from their names, where these have one', () => {
    expect(packConcurrency({ name: 'Trial-Video-100Units-5Con-1Months' })).toBe(5);
    expect(packConcurrency({ name: 'Video-20Con' })).toBe(20);
    for (const name of ['Video-100Units', '5Con', 'Video-0Con-1Months', 'Video-5Conx'])
      expect(packConcurrency({ name })).toBeNull();
  });

  it('are the largest of the packs in force, for each product', () => {
    const packs = [
      packOf(),
      packOf({ name: 'Video-1Units-10Con-1Months' }),
      packOf({ name: 'Video-1Units-50Con-1Months', effectiveAt: 1_501 }),
      packOf({ name: 'Trial-Image-1000Units-9Con-1Months' }),
      packOf({ name: 'Image-of-unknown-size' }),
    ];
    expect(packLimits(packs, 1_500)).toEqual({ video: 10, image: 9 });
    expect(packLimits(packs, 1_501)).toEqual({ video: 50, image: 9 });
  });

  it('begin and end with the pack, to the millisecond, and end where it has run out', () => {
    expect(packLimits([packOf()], 999)).toEqual({});
    expect(packLimits([packOf()], 1_000)).toEqual({ video: 5 });
    expect(packLimits([packOf()], 1_999)).toEqual({ video: 5 });
    expect(packLimits([packOf()], 2_000)).toEqual({});
    expect(packLimits([packOf({ status: 'runOut' })], 1_500)).toEqual({});
    expect(packLimits([packOf({ remaining: 0 })], 1_500)).toEqual({});
    expect(packLimits([packOf({ remaining: null })], 1_500)).toEqual({ video: 5 });
  });

  it('change next when the next pack begins or ends', () => {
    const packs = [packOf(), packOf({ effectiveAt: 1_500, invalidAt: 3_000 })];
    expect([0, 1_000, 1_999, 2_000, 3_000].map((now) => nextPackChange(packs, now))).toEqual([
      1_000,
      1_500,
      2_000,
      3_000,
      null,
    ]);
  });
});
