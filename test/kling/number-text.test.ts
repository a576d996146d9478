import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGenerously, readWhole } from '../../src/kling/number-text.ts';

describe('a whole number', () => {
  it.each([
    ['5', 5],
    ['5.0', 5],
    ['5.000', 5],
    ['5e0', 5],
    ['5E0', 5],
    ['5.0e+00', 5],
    ['0', 0],
    ['-0', 0],
    ['-0.0', 0],
    ['-5.0', -5],
    ['10', 10],
    ['999999999', 999_999_999],
  ])('%s is %i', (text, value) => {
    expect(Object.is(readWhole(text), value)).toBe(true);
  });

  it.each([
    '',
    ' 5',
    '5 ',
    '05',
    '+5',
    '5.',
    '.5',
    '5.5',
    '5.01',
    '5e1',
    '1e1',
    '50e-1',
    '0x5',
    '５',
    '5s',
    '1234567890',
    'NaN',
    'Infinity',
    '5.0000000000000000000000000000000000000000',
  ])('%j is none', (text) => {
    expect(readWhole(text)).toBeNull();
  });

  it('is what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999_999, max: 999_999_999 }), (value) => {
        for (const text of [`${value}`, `${value}.0`, `${value}e0`])
          expect(readWhole(text)).toBe(JSON.parse(text) + 0);
      }),
    );
  });
});

describe('a number read generously', () => {
  it.each([
    ['7', 7, false],
    ['7.5', 7.5, false],
    ['5e0', 5, false],
    ['5e1', 50, true],
    ['50e-1', 50, true],
    ['20s', 20, true],
    [' 20', 20, true],
    ['020', 20, true],
    ['-5', 0, true],
    ['abc', 0, true],
    ['1e400', 999_999_999, true],
    ['99999999999', 999_999_999, true],
  ])('%j is %d', (text, value, isUnclear) => {
    expect(readGenerously(text)).toEqual({ value, isUnclear });
  });

  it('is never below what parseInt or parseFloat read, within its bounds', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[ +-]?\d{1,12}[.\dex]{0,6}[a-z]?$/));
    fc.assert(
      fc.property(text, (given) => {
        const { value } = readGenerously(given);
        expect(value).toBeGreaterThanOrEqual(0);
        for (const read of [Number.parseInt(given, 10), Number.parseFloat(given)])
          if (!Number.isNaN(read)) expect(value).toBeGreaterThanOrEqual(Math.min(read, 999_999_999));
      }),
    );
  });
});
