import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { configuredLimits } from '../../src/pacing/limits.ts';
import type { SlotOptions } from '../../src/pacing/slot.ts';
import { Slots } from '../../src/pacing/slots.ts';
import { create, options } from './asked.ts';

const CREATES = 50_000;
const OPEN = 100;
/** 3 % of the CPU of the cheapest create that was ever measured whole, at 100 µs (docs/benchmarks.md). */
const MORE_US_MAX = 3;

/** Gives the CPU of the slots of one create, in µs. */
function costOf(over: Partial<SlotOptions>, appRequestsPerMinute: number | null): number {
  const slots = new Slots(options(over), systemClock);
  const from = process.cpuUsage();
  for (let i = 0; i < CREATES; i += 1) {
    slots.enterNow(create({ model: 'kling-v1', appRequestsPerMinute }))?.keepFor(`hold_${i}`);
    slots.free(`hold_${i - OPEN}`);
  }
  const { user, system } = process.cpuUsage(from);
  return (user + system) / CREATES;
}

it('costs a create that need not wait at most 3 % more CPU than one without limits', () => {
  const limited = {
    limits: configuredLimits({ video: 1_000, 'kling-v1': 500 }),
    requestsPerMinute: 1_000_000,
  };
  const more = Array.from({ length: 5 }, () => {
    const without = costOf({ limits: configuredLimits({}) }, null);
    return costOf(limited, 1_000_000) - without;
  });
  // The least of five: other work of the machine only adds to it.
  expect(Math.min(...more)).toBeLessThan(MORE_US_MAX);
});
