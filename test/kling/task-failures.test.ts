import { describe, expect, test } from 'vitest';
import { failsForConcurrency, failureReason } from '../../src/kling/task-failures.ts';

describe('the reason of a failed task', () => {
  test.each([
    ['Failure to pass the risk control system', 'content'],
    ['图片审核不通过', 'content'],
    ['The prompt contains sensitive words', 'content'],
    ['blocked by content security policy', 'content'],
    ['Your input does not follow our community guidelines', 'content'],
    ['task failed with code 1301', 'content'],
    ['Image download failed', 'input'],
    ['internal server error', 'internal'],
    ['Task failed: internal generation error', 'internal'],
    ['parallel task over resource pack limit', 'concurrency'],
    ['generation timed out', 'timeout'],
    ['something new', 'other'],
    ['', 'unstated'],
    [null, 'unstated'],
  ])('of "%s" is %s', (text, reason) => {
    expect(failureReason(text)).toBe(reason);
  });

  test('is content policy also where the text names another reason, too', () => {
    expect(failureReason('internal error: timed out in moderation')).toBe('content');
    expect(failureReason('server busy; 内容违规')).toBe('content');
  });
});

test('knows the text of 1303 in either language', () => {
  expect(failsForConcurrency('Parallel task over resource pack limit')).toBe(true);
  expect(failsForConcurrency('并发超限')).toBe(true);
  expect(failsForConcurrency('internal error')).toBe(false);
  expect(failsForConcurrency(null)).toBe(false);
});
