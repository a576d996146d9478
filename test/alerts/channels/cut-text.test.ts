import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutText } from '../../../src/alerts/channels/cut-text.ts';

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.constantFrom('😀'.repeat(100), ''));

test('leaves a text that fits unchanged', () => {
  fc.assert(fc.property(text, (each) => void expect(cutText(each, Math.max(1, each.length))).toBe(each)));
});

test('cuts between whole characters, to no more than the limit, and says so by an ellipsis', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 150 }), (each, max) => {
      const cut = cutText(each, max);
      expect(cut.length).toBeLessThanOrEqual(max);
      expect(cut.isWellFormed()).toBe(true);
      if (cut !== each) {
        expect(cut.endsWith('…')).toBe(true);
        expect(each.startsWith(cut.slice(0, -1))).toBe(true);
      }
    }),
  );
});

test('counts what the escapes add, and cuts no escape in two', () => {
  const escape = (each: string): string => each.replaceAll('*', '[star]');
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('*', 'a'), maxLength: 60 }),
      fc.integer({ min: 1, max: 80 }),
      (each, max) => {
        const cut = cutText(each, max, escape);
        expect(cut.length).toBeLessThanOrEqual(max);
        expect(cut.replaceAll('[star]', '')).toMatch(/^a*…?$/);
      },
    ),
  );
});

test('keeps almost as much as fits', () => {
  expect(cutText('*'.repeat(100), 61, (each) => each.replaceAll('*', '[star]'))).toBe(
    `${'[star]'.repeat(10)}…`,
  );
  expect(cutText('abcdef', 4)).toBe('abc…');
  expect(cutText('ab  cdef', 5)).toBe('ab…');
});
