import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOOKED_MAX, rangeBeside, readBounded, type BoundedPage } from '../../src/store/bounded-list.ts';

/** A list of numbers from `size` down to 1; a place is a number of it. */
function listOf(size: number, matches: (n: number) => boolean) {
  let looked = 0;
  const page = (limit: number, after: number | null): Promise<BoundedPage<number, number>> => {
    looked = 0;
    return readBounded<number, number>({
      limit,
      after,
      placeAfter: (start, rows) => {
        const place = (start ?? size + 1) - rows;
        return Promise.resolve(place >= 1 ? place : null);
      },
      read: ({ after: start, until }, most) => {
        const found: number[] = [];
        for (let n = (start ?? size + 1) - 1; n >= (until ?? 1) && found.length < most; n -= 1) {
          looked += 1;
          if (matches(n)) found.push(n);
        }
        return Promise.resolve(found);
      },
      placeOf: (n) => n,
    });
  };
  return { page, looked: () => looked };
}

describe('a list of which each page looks at a bounded number of rows', () => {
  it('gives every match once, of any size, with any limit, and however rare a match is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 70_000 }),
        async (size, limit, every) => {
          const list = listOf(size, (n) => n % every === 0);
          const found: number[] = [];
          let after: number | null = null;
          do {
            const { rows, next, looked }: BoundedPage<number, number> = await list.page(limit, after);
            found.push(...rows);
            expect(rows.length).toBeLessThanOrEqual(limit);
            expect(list.looked()).toBeLessThanOrEqual(LOOKED_MAX);
            if (looked) expect([looked.rows, looked.until]).toEqual([LOOKED_MAX, next]);
            // A page that is not the last one is full, or it says why it is not.
            if (next !== null && rows.length < limit) expect(looked).not.toBeNull();
            after = next;
          } while (after !== null);
          const all = Array.from({ length: Math.floor(size / every) }, (_, i) => (i + 1) * every);
          expect(found).toEqual(all.toReversed());
        },
      ),
      { numRuns: 60 },
    );
  });

  it('looks at few rows if they match', async () => {
    const list = listOf(1_000_000, () => true);
    const { rows, next, looked } = await list.page(100, null);
    expect([rows.length, next, looked]).toEqual([100, 999_901, null]);
    expect(list.looked()).toBe(101);
  });
});

it('lets the range of a list only filter where a span has its own bound: SQLite searches by the first bound that it meets', () => {
  const range = ['at >= ?', 'c.at < ?'];
  const bound = {};
  expect(rangeBeside(range, { after: null, until: null })).toEqual(range);
  expect(rangeBeside(range, { after: bound, until: null })).toEqual(['at >= ?', '+c.at < ?']);
  expect(rangeBeside(range, { after: null, until: bound })).toEqual(['+at >= ?', 'c.at < ?']);
  expect(rangeBeside(range, { after: bound, until: bound })).toEqual(['+at >= ?', '+c.at < ?']);
});
