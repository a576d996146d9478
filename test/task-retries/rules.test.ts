import { describe, expect, it } from 'vitest';
import { retryFailedSetting } from '../../src/task-retries/retry-rules.ts';

describe('tasks.retryFailed', () => {
  it('is off by default, and a rule has careful defaults', () => {
    expect(retryFailedSetting.parse(undefined)).toEqual([]);
    expect(retryFailedSetting.parse([{}])).toEqual([
      { max: 1, reasons: ['concurrency', 'timeout', 'internal'], delayMs: 30_000, maxBodyKiB: 64 },
    ]);
  });

  it.each([
    [{ max: 0 }],
    [{ max: 6 }],
    [{ reasons: [] }],
    [{ reasons: ['content'] }],
    [{ reasons: ['Internal'] }],
    [{ delayMs: -1 }],
    [{ maxBodyKiB: 5000 }],
    [{ app: 'shop', tag: 'batch' }],
    [{ app: 'a shop' }],
    [{ days: 1 }],
  ])('refuses %j', (one) => {
    expect(retryFailedSetting.safeParse([one]).success).toBe(false);
  });
});
