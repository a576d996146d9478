/** Slots of a clock that a test moves, and the creates that ask for them. */
import { configuredLimits } from '../../src/pacing/limits.ts';
import type { SlotOptions, SlotRequest } from '../../src/pacing/slot.ts';
import type { Slots } from '../../src/pacing/slots.ts';

export const options = (over: Partial<SlotOptions> = {}): SlotOptions => ({
  isPaced: true,
  limits: configuredLimits({ video: 2 }),
  requestsPerMinute: null,
  queueWaitMsMax: 5_000,
  queueLengthMax: 3,
  ...over,
});

export const create = (over: Partial<SlotRequest> = {}): SlotRequest => ({
  product: 'video',
  model: null,
  operation: 'text-to-video',
  joinHash: null,
  weight: 1,
  app: 'default',
  appRequestsPerMinute: null,
  waitMsMax: 20_000,
  signal: new AbortController().signal,
  ...over,
});

/** Takes slots for `hold_0`, `hold_1`, …, which must be free. */
export async function taken(slots: Slots, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) (await slots.enter(create())).keepFor(`hold_${i}`);
}
