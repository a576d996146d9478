import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalTimes, formatCredits, fromCredits, toCredits, unitsToMilli } from '../../src/units.ts';

describe('a decimal text times an integer', () => {
  it.each([
    ['2.4', 10_000, 24_000],
    ['0.05', 10_000, 500],
    ['0.1', 3, 1],
    ['0.00001', 10_000, 1],
    ['0.000000000000000001', 250, 1],
    ['1.00001', 10_000, 10_001],
    ['1.0000', 10_000, 10_000],
    ['0', 10_000, 0],
    ['0.000', 10_000, 0],
    ['999999999999999', 1, 999_999_999_999_999],
  ])('%s x %i is %i: what is finer than the unit is rounded up', (text, factor, product) => {
    expect(decimalTimes(text, factor)).toBe(product);
  });

  it.each([
    ['-0.00001', 10_000, 0],
    ['-1.00001', 10_000, -10_000],
    ['-2.4', 10_000, -24_000],
    ['-1.9', 1, -1],
  ])('%s x %i is %i: a refund is never made larger', (text, factor, product) => {
    expect(decimalTimes(text, factor)).toBe(product);
  });

  it.each([
    '',
    '.5',
    '1.',
    '1e3',
    ' 1',
    '+1',
    '0x1',
    '1,5',
    'NaN',
    '1234567890123456',
    '0.1234567890123456789',
  ])('takes no %j', (text) => {
    expect(decimalTimes(text, 10)).toBeUndefined();
  });

  it('gives nothing where the product is no safe integer', () => {
    expect(decimalTimes('999999999999999', 10)).toBeUndefined();
  });

  it('is the smallest integer that is not below the exact product', () => {
    const parts = fc.tuple(
      fc.nat(1_000_000),
      fc.integer({ min: 0, max: 999_999 }),
      fc.integer({ min: 1, max: 10_000 }),
    );
    fc.assert(
      fc.property(parts, ([whole, millionths, factor]) => {
        const text = `${whole}.${String(millionths).padStart(6, '0')}`;
        const exactTimesMillion = (BigInt(whole) * 1_000_000n + BigInt(millionths)) * BigInt(factor);
        const product = BigInt(decimalTimes(text, factor) ?? -1);
        expect(product * 1_000_000n >= exactTimesMillion).toBe(true);
        expect((product - 1n) * 1_000_000n < exactTimesMillion).toBe(true);
      }),
    );
  });
});

describe('credits and units', () => {
  it.each([
    [0.1, 100],
    [1.234, 1_234],
    [1.2341, 1_235],
    [0.0001, 1],
    [0.29, 290],
    [1000, 1_000_000],
  ])('%d credits are %i thousandths, rounded up', (credits, milli) => {
    expect(fromCredits(credits)).toBe(milli);
  });

  it('takes each pool at its own rate, rounding up', () => {
    expect(unitsToMilli('0.8', 'video')).toBe(8_000);
    expect(unitsToMilli('8', 'image')).toBe(2_000);
    expect(unitsToMilli('0.001', 'image')).toBe(1);
    expect(unitsToMilli('eight', 'image')).toBeUndefined();
  });

  it('shows thousandths as a decimal without trailing zeros', () => {
    expect(toCredits(12_345)).toBe(12.345);
    expect(formatCredits(12_300)).toBe('12.3');
  });
});
