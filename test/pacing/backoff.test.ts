import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BACKOFF_MS_MAX, backoffMs, TRIES_MAX } from '../../src/pacing/backoff.ts';

const almostOne = 1 - Number.EPSILON;

describe('the wait before a request is sent again', () => {
  it('is random below 1 s after a 429 and below 2 s after a failure, and the bound doubles', () => {
    const most = (reason: 'throttled' | 'failed'): (number | null)[] =>
      [1, 2, 3, 4, 5].map((tries) => backoffMs(reason, { tries, askedMs: null, random: almostOne }));
    expect(most('throttled')).toEqual([999, 1_999, 3_999, 7_999, null]);
    expect(most('failed')).toEqual([1_999, 3_999, 7_999, 15_999, null]);
  });

  it('is never shorter than what the answer asks for, and else never longer than a minute', () => {
    const tries = fc.integer({ min: 1, max: TRIES_MAX - 1 });
    const asked = fc.option(fc.nat(86_400_000), { nil: null });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(tries, asked, random, fc.constantFrom('throttled', 'failed'), (n, askedMs, r, reason) => {
        const waitMs = backoffMs(reason, { tries: n, askedMs, random: r }) ?? -1;
        expect(waitMs).toBeGreaterThanOrEqual(askedMs ?? 0);
        expect(waitMs).toBeLessThanOrEqual(Math.max(BACKOFF_MS_MAX, askedMs ?? 0));
      }),
    );
  });
});
