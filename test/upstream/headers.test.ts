import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allOf, endToEnd, headerOf } from '../../src/upstream/headers.ts';

const NONE: ReadonlySet<string> = new Set();
const HOP = [
  'Connection',
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Proxy-Authentication-Info',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
];

describe('header lines of an answer', () => {
  it('lose those of one hop in any spelling, and keep all others in order', () => {
    const name = fc.constantFrom('X-A', 'x-a', 'Set-Cookie', 'Content-Type', 'ETag', 'Date', '__proto__');
    const hop = fc.tuple(fc.constantFrom(...HOP.slice(1)), fc.boolean());
    const line = fc.oneof(
      fc.tuple(name, fc.string()).map(([key, value]) => ({ key, value, isKept: true })),
      hop.map(([key, isLower]) => ({ key: isLower ? key.toLowerCase() : key, value: 'v', isKept: false })),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const kept = lines.filter(({ isKept }) => isKept).flatMap(({ key, value }) => [key, value]);
        expect(
          endToEnd(
            lines.flatMap(({ key, value }) => [key, value]),
            NONE,
          ),
        ).toEqual(kept);
      }),
    );
  });

  it('lose the headers that any Connection line lists, with any case and spaces', () => {
    const lines = [
      'CONNECTION',
      ' keep-alive ,X-One',
      'x-one',
      '1',
      'X-Two',
      '2',
      'Connection',
      ',x-TWO,',
      'X-Three',
      '3',
    ];
    expect(endToEnd(lines, NONE)).toEqual(['X-Three', '3']);
    expect(endToEnd(['Connection', 'close', 'Close', '1', 'Keep', '2'], NONE)).toEqual([
      'Close',
      '1',
      'Keep',
      '2',
    ]);
  });

  it('lose the names that only we may set', () => {
    expect(endToEnd(['X-Mine', '1', 'x-mine', '2', 'X-Theirs', '3'], new Set(['x-mine']))).toEqual([
      'X-Theirs',
      '3',
    ]);
  });

  it('keep a Location only if every URL parser stays on the origin that the client knows', () => {
    const locations = fc.oneof(
      fc.webUrl(),
      fc.webPath(),
      fc.string({ maxLength: 20 }).map((text) => `/${text}`),
      fc
        .array(
          fc.constantFrom(
            '/',
            '\\',
            '\t',
            '.',
            '..',
            '@',
            ':',
            'evil.example',
            ' ',
            '%2f',
            '?',
            '#',
            '\r',
            '\n',
          ),
          { maxLength: 6 },
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(locations, (location) => {
        if (endToEnd(['Location', location], NONE).length === 0) return;
        expect(new URL(location, 'http://127.0.0.1:5564/tasks').origin).toBe('http://127.0.0.1:5564');
      }),
      { numRuns: 600 },
    );
    for (const location of ['/', '/tasks/1?a=b#c', '/v1/%E8%A7%86', '/a//b', '/a:b@c']) {
      expect(endToEnd(['location', location], NONE), location).toEqual(['location', location]);
    }
  });

  it('are found by lower-case name, the first of several', () => {
    const lines = ['Content-Type', 'a', 'CONTENT-TYPE', 'b'];
    expect(headerOf(lines, 'content-type')).toBe('a');
    expect(headerOf(lines, 'content-length')).toBeNull();
    expect(headerOf([], 'x')).toBeNull();
  });

  it('give every value of a name, in order', () => {
    const lines = ['Via', 'a', 'x', 'via', 'VIA', 'b, c'];
    expect(allOf(lines, 'via')).toEqual(['a', 'b, c']);
    expect(allOf([], 'via')).toEqual([]);
  });
});
