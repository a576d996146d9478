import { expect, it } from 'vitest';
import { apartMax, drainAll, outOfTurnMax, SLOTS } from './small-pack.ts';

it('brings more creates than a pack allows through it, in a fair order, and Kling refuses none', async () => {
  const { made, answers, slotsMost, tookMs } = await drainAll({ creates: 20, queueWaitMsMax: 2_000 });
  expect({ made: made.length, answers, slotsMost }).toEqual({
    made: 20,
    answers: { 0: 20 },
    slotsMost: SLOTS,
  });
  expect(made.some(({ refusals }) => refusals > 0)).toBe(true);
  expect(made.every(({ refusals }) => refusals <= 2)).toBe(true);
  // Sockets may bring creates that were sent together in another order.
  expect(apartMax(made)).toBeLessThanOrEqual(SLOTS);
  expect(outOfTurnMax(made)).toBeLessThanOrEqual(SLOTS);
  // Four seconds are the pack's; callers that are asked to come back in a second leave their slots free for it.
  expect(tookMs).toBeLessThanOrEqual(6_000);
});
