/**
 * What the slots cost a create that need not wait: with limits and rates, and without; the least of five runs each, in turn.
 *
 *     node bench/slots-bench.ts
 */
import { systemClock } from '../src/clock.ts';
import { configuredLimits } from '../src/pacing/limits.ts';
import type { SlotOptions } from '../src/pacing/slot.ts';
import { Slots } from '../src/pacing/slots.ts';
import { create, options } from '../test/pacing/asked.ts';

const CREATES = 50_000;
const OPEN = 100;
const RUNS = 5;

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

const LIMITED = { limits: configuredLimits({ video: 1_000, 'kling-v1': 500 }), requestsPerMinute: 1_000_000 };
const without: number[] = [];
const limited: number[] = [];
for (let run = 0; run < RUNS; run += 1) {
  without.push(costOf({ limits: configuredLimits({}) }, null));
  limited.push(costOf(LIMITED, 1_000_000));
}
const [least, most] = [Math.min(...without), Math.min(...limited)];
console.log(
  `slots of a create: ${least.toFixed(2)} µs of CPU without limits, ${most.toFixed(2)} µs with limits and rates`,
);
process.exit(0);
