import { describe, expect, it } from 'vitest';
import { checked, failed, notOurs, passed, together, warned } from '../src/check.ts';
import { SidecarError } from '../src/errors.ts';
import { durationText } from '../src/phrases.ts';

const HOUR = 3_600_000;

describe('a check', () => {
  it('says durations in their largest unit', () => {
    const texts = [0, 59_999, 60_000, 2 * HOUR, 24 * HOUR, 49 * HOUR].map(durationText);
    expect(texts).toEqual([
      'less than a minute',
      'less than a minute',
      '1 minute',
      '2 hours',
      '1 day',
      '2 days',
    ]);
  });

  it('fails for an error of ours, and lets every other error through', async () => {
    const checks = await checked('store', () => {
      throw new SidecarError('store_corrupt', 'the store is no store');
    });
    expect(checks).toMatchObject([{ name: 'store', level: 'fail', finding: 'the store is no store.' }]);
    await expect(checked('store', () => Promise.reject(new TypeError('a fault')))).rejects.toThrow('a fault');
  });

  it('is as bad as the worst of its verdicts, and says each thing once', () => {
    const advice = 'Mend it.';
    expect(together([passed('A.'), warned('B.', advice), failed('C.', advice), passed('A.')])).toEqual({
      level: 'fail',
      finding: 'A. B. C.',
      advice,
    });
    expect(together([passed('A.'), notOurs('B.', 'Do it.')]).level).toBe('not ours');
    expect(together([])).toEqual({ level: 'ok', finding: '', advice: null });
  });
});
