import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LearnedLimits, QUIET_MS_MAX, QUIET_MS_MIN } from '../../src/pacing/learned-limits.ts';

const MINUTE_MS = 60_000;

/** A limit of `limit`, learned from a refusal just above it. */
function learned(limit: number): LearnedLimits {
  const limits = new LearnedLimits();
  limits.refused({ pool: 'video', inUse: limit + 1, weight: 1 });
  return limits;
}

const now = (limits: LearnedLimits): number | undefined => limits.current().get('video');

describe('a limit that a refusal teaches', () => {
  it('is what was in use without the refused create', () => {
    expect(now(learned(5))).toBe(5);
    const images = new LearnedLimits();
    expect(images.refused({ pool: 'image', inUse: 12, weight: 4 })).toBe(true);
    expect(images.current().get('image')).toBe(8);
    expect(images.current().has('video')).toBe(false);
  });

  it('is at least 1, and one less than a create that was too large alone', () => {
    const limits = new LearnedLimits();
    limits.refused({ pool: 'video', inUse: 1, weight: 1 });
    limits.refused({ pool: 'image', inUse: 9, weight: 9 });
    expect([...limits.current()]).toEqual([
      ['video', 1],
      ['image', 8],
    ]);
  });

  it('is lowered by a refusal below it, and not raised by one above it', () => {
    const limits = learned(5);
    expect(limits.refused({ pool: 'video', inUse: 9, weight: 1 })).toBe(false);
    expect(now(limits)).toBe(5);
    expect(limits.refused({ pool: 'video', inUse: 5, weight: 1 })).toBe(true);
    expect(now(limits)).toBe(4);
  });

  it('is tried one higher after a quiet time at the limit, and confirmed by another one', () => {
    const limits = learned(5);
    expect(limits.wasFull('video', QUIET_MS_MIN - 1)).toBe(false);
    expect(limits.wasFull('video', 1)).toBe(true);
    expect(now(limits)).toBe(6);
    expect(limits.list()).toEqual([{ pool: 'video', limit: 5, quietMs: QUIET_MS_MIN }]);
    limits.wasFull('video', QUIET_MS_MIN);
    expect(now(limits)).toBe(7);
    expect(limits.list()).toEqual([{ pool: 'video', limit: 6, quietMs: QUIET_MS_MIN }]);
  });

  it('goes back when the try is refused, and waits twice as long, up to an hour', () => {
    const limits = learned(5);
    const waited: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      let ms = 0;
      while (now(limits) === 5) {
        limits.wasFull('video', MINUTE_MS);
        ms += MINUTE_MS;
      }
      waited.push(ms);
      expect(now(limits)).toBe(6);
      limits.refused({ pool: 'video', inUse: 6, weight: 1 });
      expect(now(limits)).toBe(5);
    }
    expect(waited.map((ms) => ms / MINUTE_MS)).toEqual([5, 10, 20, 40, 60, 60]);
    expect(limits.list()[0]?.quietMs).toBe(QUIET_MS_MAX);
  });

  it('is restored without the slot that was tried', () => {
    const before = learned(5);
    before.wasFull('video', QUIET_MS_MIN);
    const after = new LearnedLimits();
    after.restore(before.list());
    expect(now(before)).toBe(6);
    expect(now(after)).toBe(5);
    after.restore([]);
    expect(after.current().size).toBe(0);
  });

  it('grows once by tasks that are not ours, where it was learned without them', () => {
    const limits = new LearnedLimits();
    limits.refused({ pool: 'video', inUse: 4, weight: 1 }, true);
    expect(now(limits)).toBe(3);
    expect(limits.countForeign('video', 2)).toBe(true);
    expect(limits.countForeign('video', 2)).toBe(false);
    expect(now(limits)).toBe(5);
    const counted = learned(3);
    expect(counted.countForeign('video', 2)).toBe(false);
    expect(now(counted)).toBe(3);
  });

  it('knows nothing of a pool that was never refused', () => {
    const limits = new LearnedLimits();
    expect(limits.wasFull('video', QUIET_MS_MAX)).toBe(false);
    expect(limits.current().size).toBe(0);
  });
});

describe('a pool that is always full, whose limit at Kling is found', () => {
  /** Plays minutes of full load; each minute the pool fills up to what is allowed here, and Kling refuses what is above its own limit. */
  function play(limits: LearnedLimits, klingLimit: number, minutes: number): number {
    let refusals = 0;
    for (let i = 0; i < minutes; i += 1) {
      const allowed = now(limits) ?? klingLimit + 3;
      if (allowed > klingLimit) {
        refusals += 1;
        limits.refused({ pool: 'video', inUse: klingLimit + 1, weight: 1 });
      } else limits.wasFull('video', MINUTE_MS);
    }
    return refusals;
  }

  it('is never above Kling’s limit for longer than one refusal, and is refused about once an hour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (klingLimit) => {
        const limits = new LearnedLimits();
        play(limits, klingLimit, 5);
        expect(now(limits)).toBe(klingLimit);
        expect(play(limits, klingLimit, 24 * 60)).toBeLessThanOrEqual(28);
        expect(limits.list()[0]?.limit).toBe(klingLimit);
      }),
      { numRuns: 30 },
    );
  });

  it('follows a limit that Kling raises or lowers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), (first, second) => {
        const limits = new LearnedLimits();
        play(limits, first, 240);
        play(limits, second, 60 * (1 + Math.abs(second - first)) + 60);
        expect(limits.list()[0]?.limit).toBe(second);
      }),
      { numRuns: 50 },
    );
  });

  it('stays between 1 and what was taught, in any order of events', () => {
    const event = fc.oneof(
      fc.record({ inUse: fc.integer({ min: 1, max: 40 }), weight: fc.integer({ min: 1, max: 9 }) }),
      fc.integer({ min: 0, max: QUIET_MS_MAX }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const limits = new LearnedLimits();
        for (const one of events) {
          const before = now(limits);
          if (typeof one === 'number') {
            limits.wasFull('video', one);
            expect(now(limits) ?? 0).toBeLessThanOrEqual((before ?? 0) + 1);
            expect(now(limits) ?? 0).toBeGreaterThanOrEqual(before ?? 0);
          } else {
            limits.refused({ pool: 'video', inUse: Math.max(one.inUse, one.weight), weight: one.weight });
            expect(now(limits)).toBeLessThanOrEqual(before ?? Infinity);
          }
          if (limits.current().size > 0) expect(now(limits)).toBeGreaterThanOrEqual(1);
          for (const { quietMs } of limits.list()) expect(quietMs).toBeLessThanOrEqual(QUIET_MS_MAX);
        }
      }),
    );
  });
});
