import { describe, expect, it } from 'vitest';
import { checkKling } from '../../src/upstream/upstream-checks.ts';

const KLING = 'https://api-singapore.klingai.com';
const NOTHING_KNOWN = { credentials: 'unknown', refusal: null, unreachable: null } as const;
const clockAt = (clockOffsetMs: number | null): string => {
  const [upstream, clock] = checkKling({ upstream: KLING, clockOffsetMs, kling: NOTHING_KNOWN }, true);
  expect(upstream).toMatchObject({ level: 'ok' });
  return `${clock?.level}: ${clock?.finding}`;
};

describe('checks of Kling', () => {
  it('allow a clock to be a minute off, warn up to five minutes, and fail above', () => {
    expect(clockAt(400)).toBe('ok: Kling’s clock agrees with ours.');
    expect(clockAt(-60_000)).toBe('ok: Kling’s clock is 60 s behind ours.');
    expect(clockAt(61_000)).toBe('warn: Kling’s clock is 61 s ahead of ours.');
    expect(clockAt(-300_000)).toMatch(/^warn: /);
    expect(clockAt(-300_001)).toMatch(/^fail: Kling’s clock is 300 s behind ours\. Creates are refused/);
    expect(clockAt(null)).toMatch(/^note: .* is not known: Kling has not answered since the start\.$/);
  });

  it('say only that nothing is known of the key if nothing was reported of Kling', () => {
    const status = { upstream: KLING, clockOffsetMs: 0, kling: NOTHING_KNOWN };
    const [, , key, ...rest] = checkKling(status, true);
    expect(key).toMatchObject({ name: 'key', level: 'note' });
    expect(rest).toEqual([]);
    expect(checkKling(status, false)).toHaveLength(2);
  });
});
