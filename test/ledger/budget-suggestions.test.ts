import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowAt } from '../../src/budget/window.ts';
import { suggestLimits } from '../../src/ledger/budget-suggestions.ts';

const HALF_HOUR = 1_800_000;
const START = Date.UTC(2026, 10, 1);
const ZONE = 'Asia/Shanghai';

describe('suggested limits', () => {
  it('are the highest window with some room, rounded up to two digits', () => {
    const spent = [
      { at: START, credits: 1_000_000 },
      { at: START + HALF_HOUR, credits: 234_000 },
      { at: START + 48 * HALF_HOUR, credits: 500_000 },
    ];
    expect(suggestLimits(spent, { timeZone: 'UTC', headroom: 25 })).toEqual([
      { window: 'day', highest: 1_234_000, windows: 2, limit: 1_600_000 },
      { window: 'week', highest: 1_234_000, windows: 2, limit: 1_600_000 },
      { window: 'month', highest: 1_734_000, windows: 1, limit: 2_200_000 },
    ]);
  });

  it('are none where nothing was spent', () => {
    expect(suggestLimits([], { timeZone: 'UTC', headroom: 25 })).toEqual([]);
    expect(suggestLimits([{ at: START, credits: 0 }], { timeZone: 'UTC', headroom: 25 })).toEqual([]);
  });

  it('would have refused nothing that was spent', () => {
    const slot = fc.record({
      slot: fc.integer({ min: 0, max: 1440 }),
      credits: fc.integer({ min: 1, max: 5_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(slot, { minLength: 1 }), fc.integer({ min: 0, max: 100 }), (slots, headroom) => {
        const spent = slots.map(({ slot: index, credits }) => ({ at: START + index * HALF_HOUR, credits }));
        for (const { window, limit } of suggestLimits(spent, { timeZone: ZONE, headroom })) {
          const sums = Map.groupBy(spent, ({ at }) => windowAt(window, ZONE, at).key);
          for (const own of sums.values())
            expect(own.reduce((sum, { credits }) => sum + credits, 0)).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });
});
