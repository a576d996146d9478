import { describe, expect, test } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { TimeLimits } from '../../src/upstream/time-limits.ts';

function limited() {
  const clock = createManualClock(Date.UTC(2026, 10, 28));
  let timers = 0;
  const counting = {
    ...clock,
    after: (...args: Parameters<typeof clock.after>) => (timers++, clock.after(...args)),
  };
  let passed = 0;
  const limits = new TimeLimits(counting, () => void (passed += 1));
  return { clock, limits, passed: () => passed, timers: () => timers };
}

describe('the limits of an attempt', () => {
  test('need one timer for many steps that are in time', () => {
    const { limits, timers } = limited();
    limits.begin(120_000, 30_000);
    limits.beginStep(60_000);
    for (let piece = 0; piece < 10; piece += 1) limits.beginStep(30_000);
    limits.end();
    expect(timers()).toBe(1);
  });

  test('pass when the last step has taken its whole time, and once', async () => {
    const { clock, limits, passed } = limited();
    limits.begin(120_000, 30_000);
    limits.beginStep(60_000);
    await clock.advance(20_000);
    limits.beginStep(30_000);
    await clock.advance(29_999);
    expect(passed()).toBe(0);
    await clock.advance(1);
    expect([passed(), limits.isWholeOver]).toEqual([1, false]);
    await clock.advance(200_000);
    expect(passed()).toBe(1);
  });

  test('pass with the whole, however short its steps are', async () => {
    const { clock, limits, passed } = limited();
    limits.begin(120_000, 30_000);
    for (let second = 0; second < 119; second += 1) {
      limits.beginStep(30_000);
      await clock.advance(1_000);
    }
    expect(passed()).toBe(0);
    await clock.advance(1_000);
    expect([passed(), limits.isWholeOver]).toEqual([1, true]);
  });

  test('do not pass while neither a whole nor a step is limited, and pass again afterwards', async () => {
    const { clock, limits, passed } = limited();
    limits.begin(120_000, 30_000);
    limits.endWhole();
    limits.endStep();
    await clock.advance(300_000);
    expect(passed()).toBe(0);
    limits.beginStep(30_000);
    await clock.advance(30_000);
    expect(passed()).toBe(1);
  });
});
