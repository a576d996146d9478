import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip } from '../../../src/alerts/words/clip.ts';
import { makeFormat } from '../../../src/alerts/words/format.ts';

const en = makeFormat('en', 'UTC');
const zh = makeFormat('zh', 'Asia/Shanghai');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('credits, shares and numbers', () => {
  it.each([
    [1_234_500, '1,234.5 credits', '1,234.5 积分'],
    [1_000, '1 credit', '1 积分'],
    [1, '0.001 credits', '0.001 积分'],
    [0, '0 credits', '0 积分'],
    [-35_000, '-35 credits', '-35 积分'],
  ])('writes %d thousandths', (thousandths, english, chinese) => {
    expect([en.credits(thousandths), zh.credits(thousandths)]).toEqual([english, chinese]);
  });

  it.each([
    [0.052, '5.2 %', '5.2%'],
    [0.8, '80 %', '80%'],
    [0.29, '29 %', '29%'],
    [1, '100 %', '100%'],
    [1.035, '103.5 %', '103.5%'],
    [0.999, '99.9 %', '99.9%'],
    [0.998999, '99.89 %', '99.89%'],
    [-0.00001, '0 %', '0%'],
  ])('writes the share %d and never rounds it up', (share, english, chinese) => {
    expect([en.percent(share), zh.percent(share)]).toEqual([english, chinese]);
  });

  it('says less than 100 % of every share below 1 that differs by a hundredth of a percent', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.9999, noNaN: true }), (share) => {
        expect(Number.parseFloat(en.percent(share))).toBeLessThanOrEqual(99.99);
      }),
    );
  });
});

describe('lengths of time', () => {
  it.each([
    [0, '0 seconds', '0 秒'],
    [59_999, '59 seconds', '59 秒'],
    [MINUTE, '1 minute', '1 分钟'],
    [2 * MINUTE + 59_000, '2 minutes', '2 分钟'],
    [HOUR, '1 hour', '1 小时'],
    [2 * HOUR + 5 * MINUTE, '2 hours 5 minutes', '2 小时 5 分钟'],
    [DAY + 23 * HOUR + 59 * MINUTE, '1 day 23 hours', '1 天 23 小时'],
    [100 * DAY, '100 days', '100 天'],
    [-5, '0 seconds', '0 秒'],
  ])('writes %d ms', (ms, english, chinese) => {
    expect([en.duration(ms), zh.duration(ms)]).toEqual([english, chinese]);
  });

  it('never says more than there is, nor half of it', () => {
    const units: Record<string, number> = { day: DAY, hour: HOUR, minute: MINUTE, second: 1000 };
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 400 * DAY }), (ms) => {
        const said = [...en.duration(ms).matchAll(/(\d+) ([a-z]+?)s?\b/g)]
          .map(([, count, unit = '']) => Number(count) * (units[unit] ?? Number.NaN))
          .reduce((sum, part) => sum + part, 0);
        expect(said).toBeLessThanOrEqual(ms);
        expect(ms - said).toBeLessThan(Math.max(1_000, ms / 2));
      }),
    );
  });
});

describe('instants', () => {
  it.each([
    ['UTC', '2026-11-28 03:00 UTC'],
    ['Asia/Shanghai', '2026-11-28 11:00 UTC+8'],
    ['America/New_York', '2026-11-27 22:00 UTC-5'],
    ['Asia/Kolkata', '2026-11-28 08:30 UTC+5:30'],
  ])('reads as the clock of %s shows it, with the offset', (zone, text) => {
    expect(makeFormat('en', zone).time(Date.parse('2026-11-28T03:00:59Z'))).toBe(text);
  });

  it('distinguishes the two equal hours of an autumn night', () => {
    const berlin = makeFormat('en', 'Europe/Berlin');
    expect(berlin.time(Date.parse('2026-10-25T00:30:00Z'))).toBe('2026-10-25 02:30 UTC+2');
    expect(berlin.time(Date.parse('2026-10-25T01:30:00Z'))).toBe('2026-10-25 02:30 UTC+1');
  });
});

describe('texts that are cut', () => {
  it('are one line within the limit, whole characters, and unchanged if they fit', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.integer({ min: 5, max: 40 }),
        (text, limit) => {
          const cut = clip(text, limit);
          expect(cut.length).toBeLessThanOrEqual(limit);
          expect(cut.isWellFormed()).toBe(true);
          expect(cut).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
        },
      ),
    );
    expect(clip('budget "daily" is used up', 150)).toBe('budget "daily" is used up');
    expect(clip('a\nb\u202e\tc', 150)).toBe('a b c');
    expect(clip('abcd😀', 5)).toBe('abcd…');
  });
});
