import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreementOn, compensationPercent, isBreached, KLING_AGREEMENTS } from '../../src/sla/agreement.ts';
import {
  availabilityRatio,
  errorBudget,
  percentText,
  readAll,
  sumOfRates,
} from '../../src/sla/availability.ts';
import { emptyCounts, type WindowSlice } from '../../src/sla/counts.ts';
import { fromDecimal, sum, toDecimal } from '../../src/sla/fraction.ts';
import { servicePeriod } from '../../src/sla/period.ts';
import { WINDOW_MS } from '../../src/sla/window.ts';

const agreement = agreementOn('2026-10-01', KLING_AGREEMENTS);
const MONTH_START = Date.UTC(2026, 9, 1);

/** Makes one slice for each pair of errors and valid requests, window after window. */
function slicesFrom(pairs: readonly (readonly [errors: number, valid: number])[]): WindowSlice[] {
  return pairs.map(([errors, valid], index) => ({
    windowStart: MONTH_START + index * WINDOW_MS,
    host: 'api-singapore.klingai.com',
    origin: 'app',
    retry: false,
    excluded: false,
    counts: { ...emptyCounts(), ok: valid - errors, server_error: errors },
  }));
}

function received(pairs: readonly (readonly [number, number])[], windows: number) {
  return readAll(slicesFrom(pairs), { windows, agreement }).received;
}

describe('the agreement’s example', () => {
  const terms = { source: 'config' as const, terms: [{ from: '2026-03-17', to: '2026-06-16' }] };

  it('has four service periods of 4320, 8640, 8928 and 4608 windows', () => {
    const periods = ['2026-03', '2026-04', '2026-05', '2026-06'].map((month) =>
      servicePeriod(month, 'Asia/Shanghai', terms),
    );
    expect(periods.map((period) => period.windows)).toEqual([4320, 8640, 8928, 4608]);
    expect(periods.map((period) => [period.firstDay, period.lastDay])).toEqual([
      ['2026-03-17', '2026-03-31'],
      ['2026-04-01', '2026-04-30'],
      ['2026-05-01', '2026-05-31'],
      ['2026-06-01', '2026-06-16'],
    ]);
    expect(servicePeriod('2026-02', 'Asia/Shanghai', terms)).toMatchObject({
      days: 0,
      windows: 0,
      spans: [],
    });
  });

  it('begins and ends its days at the zone’s midnights', () => {
    expect(servicePeriod('2026-03', 'Asia/Shanghai', terms).spans).toEqual([
      { start: Date.UTC(2026, 2, 16, 16), end: Date.UTC(2026, 2, 31, 16) },
    ]);
  });

  it('joins two terms of one month into one period of two spans', () => {
    const split = {
      source: 'config' as const,
      terms: [
        { from: '2026-05-01', to: '2026-05-03' },
        { from: '2026-05-30', to: '2026-07-01' },
      ],
    };
    const period = servicePeriod('2026-05', 'UTC', split);
    expect([period.days, period.windows, period.spans.length]).toEqual([5, 1440, 2]);
  });
});

describe('the commitment', () => {
  it('is broken by nine fully failed windows of 31 days and kept by eight', () => {
    const failed = (count: number) =>
      received(
        Array.from({ length: count }, () => [1, 1] as const),
        8928,
      );
    expect(failed(9)).toMatchObject({ breached: true, compensationPercent: 10, availability: '99.899193' });
    expect(failed(8)).toMatchObject({ breached: false, compensationPercent: 0, availability: '99.910394' });
  });

  it('decides its edges exactly: 99.90, 99.00 and 95.00 are not below themselves', () => {
    // 30 days are 8640 windows: 8.64, 86.4 and 432 windows are the edges.
    const edge = (errors: number, valid: number, more: number) =>
      received([...Array.from({ length: more }, () => [1, 1] as const), [errors, valid]], 8640);
    expect(edge(64, 100, 8)).toMatchObject({ availability: '99.900000', compensationPercent: 0 });
    expect(edge(64_000_001, 100_000_000, 8)).toMatchObject({
      availability: '99.899999',
      compensationPercent: 10,
    });
    expect(edge(4, 10, 86)).toMatchObject({ availability: '99.000000', compensationPercent: 10 });
    expect(edge(40_000_001, 100_000_000, 86)).toMatchObject({ compensationPercent: 25 });
    expect(edge(0, 10, 432)).toMatchObject({ availability: '95.000000', compensationPercent: 25 });
    expect(edge(1, 100_000_000, 432)).toMatchObject({ availability: '94.999999', compensationPercent: 50 });
  });

  it('never shows a month below 99.90 % as 99.900000', () => {
    const result = received(
      [
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
        [928_000_001, 1_000_000_000],
      ],
      8928,
    );
    expect(result).toMatchObject({ availability: '99.899999', sumErrorRates: '8.928000', breached: true });
  });

  it('takes the version in force on the period’s first day', () => {
    const first = KLING_AGREEMENTS[0];
    if (!first) throw new Error('no agreement');
    const later = { ...first, name: 'later', effectiveFrom: '2026-11-01', commitment: '99.95' };
    const versions = [later, first];
    expect(agreementOn('2026-10-31', versions).name).toBe(first.name);
    expect(agreementOn('2026-11-01', versions).name).toBe('later');
    expect(agreementOn('2020-01-01', versions).name).toBe(first.name);
  });
});

describe('exact arithmetic', () => {
  it('sums any fractions as adding them one by one would', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 100_000 }))), (pairs) => {
        const terms = pairs.map(([num, den]) => ({ num: BigInt(num), den: BigInt(den) }));
        const slow = terms.reduce((a, b) => ({ num: a.num * b.den + b.num * a.den, den: a.den * b.den }), {
          num: 0n,
          den: 1n,
        });
        const fast = sum(terms);
        expect(fast.num * slow.den).toBe(slow.num * fast.den);
      }),
      { numRuns: 200 },
    );
  });

  it('reads 8,928 windows of all different sizes', () => {
    const slices = slicesFrom(Array.from({ length: 8928 }, (_, index) => [1, 100_003 + index * 2] as const));
    const readings = readAll(slices, { windows: 8928, agreement });
    expect(readings.received.windows).toBe(8928);
  });

  it('writes decimals rounded down, below 0 too', () => {
    expect(toDecimal({ num: 2n, den: 3n }, 6)).toBe('0.666666');
    expect(toDecimal({ num: -2n, den: 3n }, 6)).toBe('-0.666667');
    expect(toDecimal({ num: 7n, den: 1n }, 0)).toBe('7');
    expect(fromDecimal('99.90')).toEqual({ num: 9990n, den: 100n });
    expect(['', '1e3', '-1', '1.', 'x'].map(fromDecimal)).toEqual(Array.from({ length: 5 }));
  });

  it('says nothing if there is nothing to divide by', () => {
    const ratio = availabilityRatio(sumOfRates([]), 0);
    expect(ratio).toBeUndefined();
    expect(readAll([], { windows: 8928, agreement }).withTraffic).toMatchObject({
      availability: null,
      breached: false,
    });
    expect(readAll([], { windows: 8928, agreement }).contract.availability).toBe('100.000000');
  });
});

describe('the error budget', () => {
  it('is 8.928 windows of 31 days, with what is used and left', () => {
    const budget = errorBudget(
      { num: 9n, den: 2n },
      { windows: 8928, total: 8928, elapsed: 4464, agreement },
    );
    expect(budget).toEqual({
      allowed: '8.928',
      used: '4.500000',
      left: '4.428000',
      projected: '99.899193',
      best: '99.949596',
      projectedBreach: true,
    });
  });

  it('agrees with the commitment about every sum', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 1, max: 31 }),
        (thousandths, days) => {
          const windows = days * 288;
          const rateSum = { num: BigInt(thousandths), den: 1000n };
          const ratio = availabilityRatio(rateSum, windows);
          if (!ratio) throw new Error('no ratio');
          const { left } = errorBudget(rateSum, { windows, total: windows, elapsed: windows, agreement });
          expect(isBreached(ratio, agreement)).toBe(left.startsWith('-'));
          expect(compensationPercent(ratio, agreement) > 0).toBe(isBreached(ratio, agreement));
          expect(Number(percentText(ratio))).toBeLessThanOrEqual(100);
        },
      ),
    );
  });
});
