import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { PoolUse, TASK_MS } from '../../src/pacing/pool-use.ts';

describe('the estimate of when slots become free', () => {
  it('follows the open tasks of a pool, by how long its tasks took', async () => {
    const clock = createManualClock(0);
    const use = new PoolUse(clock);
    use.noteDuration(['video'], 10_000);
    use.reserve(['video'], 1);
    await clock.advance(4_000);
    use.reserve(['video'], 1);
    const waitOf = use.forecast('video', { product: 'video', limit: 2 });
    expect([1, 2, 3, 4, 5].map(waitOf)).toEqual([6_000, 10_000, 16_000, 20_000, 26_000]);
    expect(use.forecast('video', { product: 'video', limit: 3 })(1)).toBe(0);
  });

  it('is a usual duration before one was measured, and that of the product before one of the model was', () => {
    const use = new PoolUse(createManualClock(0));
    use.reserve(['image', 'kling-v3'], 4);
    const wait = () => use.forecast('kling-v3', { product: 'image', limit: 4 })(1);
    expect(wait()).toBe(TASK_MS.image);
    use.noteDuration(['image'], 8_000);
    expect(wait()).toBe(8_000);
    use.noteDuration(['image', 'kling-v3'], 16_000);
    expect(wait()).toBe(16_000);
  });

  it('counts tasks that are not ours as slots whose end is not known', () => {
    const use = new PoolUse(createManualClock(0));
    use.noteDuration(['video'], 10_000);
    use.setElsewhere('video', 2);
    expect(use.inUse('video')).toBe(2);
    expect([1, 2].map(use.forecast('video', { product: 'video', limit: 3 }))).toEqual([0, 10_000]);
    use.reserve(['video'], 1);
    expect([1, 2].map(use.forecast('video', { product: 'video', limit: 3 }))).toEqual([10_000, 20_000]);
  });

  it('moves slowly with the durations, and not far by one that was seen late', () => {
    const use = new PoolUse(createManualClock(0));
    use.reserve(['video'], 1);
    const wait = () => use.forecast('video', { product: 'video', limit: 1 })(1);
    use.noteDuration(['video'], 8_000);
    use.noteDuration(['video'], 16_000);
    expect(wait()).toBe(9_000);
    use.noteDuration(['video'], 3_600_000);
    expect(wait()).toBeLessThan(13_000);
  });

  it('counts the weight of each task', () => {
    const use = new PoolUse(createManualClock(0));
    const first = use.reserve(['image'], 5);
    use.reserve(['image'], 4);
    expect(use.inUse('image')).toBe(9);
    expect(use.forecast('image', { product: 'image', limit: 9 })(6)).toBe(TASK_MS.image);
    use.free(first);
    use.free(first);
    expect(use.inUse('image')).toBe(4);
    expect(use.forecast('image', { product: 'image', limit: 9 })(5)).toBe(0);
  });
});
