import { expect, it } from 'vitest';
import { apartMax, drainAll, outOfTurnMax, SLOTS } from './small-pack.ts';

/** `CREATES=1000` is a longer form. */
const CREATES = Number(process.env['CREATES'] ?? 200);
const TASK_MS = 1_000;

it(`brings ${CREATES} creates through a pack of ${SLOTS} slots at 95 % of its pace, in a fair order, and Kling refuses none`, async () => {
  const { made, answers, slotsMost, tookMs } = await drainAll({ creates: CREATES, queueWaitMsMax: 5_000 });
  expect({ made: made.length, answers, slotsMost }).toEqual({
    made: CREATES,
    answers: { 0: CREATES },
    slotsMost: SLOTS,
  });
  // Sockets may bring creates that were sent together in another order.
  expect(apartMax(made)).toBeLessThanOrEqual(SLOTS);
  expect(outOfTurnMax(made)).toBeLessThanOrEqual(SLOTS);
  expect((CREATES / SLOTS) * TASK_MS).toBeGreaterThanOrEqual(0.95 * tookMs);
});
