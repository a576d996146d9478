/** Times and numbers of a page. */
import { describe, expect, it } from 'vitest';
import { Format } from '../../src/page/format.ts';
import { EN } from '../../src/page/words/en.ts';

const now = Date.parse('2026-11-21T10:00:00Z');
const format = new Format('en', { zone: 'UTC', words: EN, now });

describe('a time', () => {
  it('is without its day within half a day of the page', () => {
    expect(format.time('2026-11-21T09:59:58Z')).toBe('09:59:58');
    expect(format.time('2026-11-20T09:59:58Z')).toBe('2026-11-20 09:59:58');
    expect(format.fullTime('2026-11-21T09:59:58Z')).toBe('2026-11-21 09:59:58');
    expect(format.time(null)).toBe(EN.none);
  });

  it('names its zone where that is not the page’s', () => {
    const there = format.in('Asia/Shanghai');
    expect(there.fullTime('2026-11-21T16:00:00Z')).toBe('2026-11-22 00:00:00 Asia/Shanghai');
    expect(there.time('2026-11-21T09:59:58Z')).toBe('17:59:58 Asia/Shanghai');
    expect(there.in('UTC').fullTime('2026-11-21T16:00:00Z')).toBe('2026-11-21 16:00:00 UTC');
    expect(format.in('UTC')).toBe(format);
  });
});
