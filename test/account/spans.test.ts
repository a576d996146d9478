import fc from 'fast-check';
import { expect, it } from 'vitest';
import { spansAround } from '../../src/account/spans.ts';

const instants = fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 40 });

it('contains each instant with its margin, in few ranges that are in order and apart', () => {
  fc.assert(
    fc.property(
      instants,
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 8 }),
      (all, marginMs, spansMax) => {
        const spans = spansAround(all, { marginMs, spansMax });
        expect(spans.length).toBeLessThanOrEqual(spansMax);
        for (const at of all) {
          expect(spans.some(({ start, end }) => start <= at - marginMs && at + marginMs <= end)).toBe(true);
        }
        for (const [index, { start, end }] of spans.entries()) {
          expect(start).toBeLessThan(end);
          expect(start).toBeGreaterThan(spans[index - 1]?.end ?? -Infinity);
        }
      },
    ),
  );
});

it('joins the shortest gaps first, and none that need not be', () => {
  expect(spansAround([0, 1000, 5000], { marginMs: 10, spansMax: 3 })).toHaveLength(3);
  expect(spansAround([5000, 0, 1000], { marginMs: 10, spansMax: 2 })).toEqual([
    { start: -10, end: 1010 },
    { start: 4990, end: 5010 },
  ]);
  expect(spansAround([], { marginMs: 10, spansMax: 2 })).toEqual([]);
});
