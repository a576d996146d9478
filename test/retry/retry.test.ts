import { describe, expect, it } from 'vitest';
import { doublingWait, retryAfterOf } from '../../src/retry.ts';

const NOON = Date.UTC(2026, 10, 21, 12);

describe('a wait that doubles', () => {
  it('begins with the first wait and ends with the longest, however many failures came before', () => {
    const doubling = { firstMs: 5_000, maxMs: 60_000 };
    expect([0, 1, 2, 3, 4, 5_000].map((before) => doublingWait(before, doubling))).toEqual([
      5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
    ]);
  });
});

describe('Retry-After', () => {
  it('is read in seconds, and as a date counted from the Date of its answer', () => {
    const date = 'Sat, 21 Nov 2026 12:00:00 GMT';
    expect(retryAfterOf({ 'retry-after': '30' }, NOON)).toBe(30_000);
    expect(retryAfterOf({ 'retry-after': ' 1.5 ' }, NOON)).toBe(1_500);
    expect(retryAfterOf({ 'retry-after': 'Sat, 21 Nov 2026 12:01:00 GMT' }, NOON)).toBe(60_000);
    // Our clock is an hour late: the answer's own date counts.
    expect(retryAfterOf({ 'retry-after': 'Sat, 21 Nov 2026 12:01:00 GMT', date }, NOON - 3_600_000)).toBe(
      60_000,
    );
  });

  it('is between 0 and a day', () => {
    expect(retryAfterOf({ 'retry-after': '1000000' }, NOON)).toBe(86_400_000);
    expect(retryAfterOf({ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, NOON)).toBe(0);
  });

  it('is null where it is absent or cannot be read', () => {
    for (const text of ['', '-1', '1e3', 'soon', '2026-11-21T12:00:00Z', 'Sat, 99 Nov 2026 99:00:00 GMT']) {
      expect(retryAfterOf({ 'retry-after': text }, NOON)).toBeNull();
    }
    expect(retryAfterOf({}, NOON)).toBeNull();
  });
});
