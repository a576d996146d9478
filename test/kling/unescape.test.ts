import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { unescapeString } from '../../src/kling/unescape.ts';

/** One piece of a JSON string as it may be written. */
const anyPiece = fc.oneof(
  fc
    .string({ unit: 'binary', maxLength: 5 })
    .map((text) => JSON.stringify(text).slice(1, -1))
    .filter((text) => text.isWellFormed()),
  fc.nat({ max: 0xffff }).map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`),
  fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => `\\u${unit.toString(16).toUpperCase()}`),
  fc.constantFrom(
    '\\/',
    '/',
    '\\"',
    '\\\\',
    '\\b',
    '\\f',
    '\\n',
    '\\r',
    '\\t',
    'é',
    '😀',
    '\\ud83d\\ude00',
    '\\u002F',
    'u0041',
  ),
);

it('writes every string as JSON.stringify does', () => {
  fc.assert(
    fc.property(fc.array(anyPiece, { maxLength: 8 }), (pieces) => {
      const text = `"${pieces.join('')}"`;
      const bytes = Buffer.from(`[${text}]`);
      const written = unescapeString(bytes, 1, bytes.length - 1).toString();
      expect(written).toBe(JSON.stringify(JSON.parse(text)));
    }),
    { numRuns: 3000 },
  );
});
