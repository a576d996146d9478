import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configuredLimits, limitsFrom, mayLearn, type LimitSources } from '../../src/pacing/limits.ts';

const sources = (over: Partial<LimitSources> = {}): LimitSources => ({
  config: {},
  packs: {},
  tier: null,
  learned: new Map(),
  ...over,
});

describe('the limit of a pool', () => {
  it('is that of the config, else of the packs, else of the tier, else what a refusal taught', () => {
    const all = { config: { video: 2 }, packs: { video: 5 }, tier: 3, learned: new Map([['video', 4]]) };
    expect(limitsFrom(all).get('video')).toEqual({ limit: 2, source: 'config' });
    expect(limitsFrom({ ...all, config: {} }).get('video')).toEqual({ limit: 5, source: 'pack' });
    expect(limitsFrom({ ...all, config: {}, packs: {} }).get('video')).toEqual({ limit: 3, source: 'tier' });
    expect(limitsFrom({ ...all, config: {}, packs: {}, tier: null }).get('video')).toEqual({
      limit: 4,
      source: 'learned',
    });
    expect(limitsFrom(sources()).size).toBe(0);
  });

  it('is decided for each product alone: a video pack says nothing of images', () => {
    const limits = limitsFrom(sources({ packs: { video: 5 }, tier: 3 }));
    expect(limits.get('video')).toEqual({ limit: 5, source: 'pack' });
    expect(limits.get('image')).toEqual({ limit: 3, source: 'tier' });
  });

  it('exists for a model only where the config names it', () => {
    const limits = limitsFrom(sources({ config: { 'kling-v3': 2 }, learned: new Map([['kling-v2-6', 1]]) }));
    expect(limits.get('kling-v3')).toEqual({ limit: 2, source: 'config' });
    expect(limits.get('kling-v2-6')).toBeUndefined();
  });

  it('may be learned only for a product, and only where no other source names one', () => {
    expect(mayLearn('video', null)).toBe(true);
    expect(mayLearn('video', { limit: 3, source: 'learned' })).toBe(true);
    expect(mayLearn('video', { limit: 3, source: 'pack' })).toBe(false);
    expect(mayLearn('kling-v3', null)).toBe(false);
  });

  it('has the source of the first that names one, for any values of the others', () => {
    const count = fc.integer({ min: 1, max: 100 });
    const given = fc.record({
      config: fc.record({ video: count, image: count, 'kling-v3': count }, { requiredKeys: [] }),
      packs: fc.record({ video: count, image: count }, { requiredKeys: [] }),
      tier: fc.option(count),
      learned: fc
        .record({ video: count, image: count }, { requiredKeys: [] })
        .map((limits) => new Map(Object.entries(limits))),
    });
    fc.assert(
      fc.property(given, (from) => {
        const limits = limitsFrom(from);
        for (const pool of ['video', 'image'] as const) {
          const inOrder = [from.config[pool], from.packs[pool], from.tier, from.learned.get(pool)];
          const first = inOrder.findIndex((limit) => limit !== undefined && limit !== null);
          const expected =
            first === -1
              ? undefined
              : { limit: inOrder[first], source: ['config', 'pack', 'tier', 'learned'][first] };
          expect(limits.get(pool)).toEqual(expected);
        }
      }),
    );
  });

  it('stays the same where it is given once', () => {
    const limits = configuredLimits({ video: 2, 'kling-v3': 1 });
    limits.noteFull({ pool: 'video', inUse: 2, weight: 1 });
    expect([...limits.names()]).toEqual(['video', 'kling-v3']);
    expect(limits.of('video')).toEqual({ limit: 2, source: 'config' });
    expect(limits.of('image')).toBeNull();
  });
});
