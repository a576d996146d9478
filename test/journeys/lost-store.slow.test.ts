import fc from 'fast-check';
import { expect, it } from 'vitest';
import { leavesNoMore, STEPS } from './lost-store.ts';

/** Lost stores in all; the full size is 50. */
const STORES = Number(process.env['LOST_STORES'] ?? 5);

it('a store that is lost leaves no credit more to spend than before, for every kind of budget and window', async () => {
  expect(STORES).toBeGreaterThan(0);
  await fc.assert(fc.asyncProperty(STEPS, leavesNoMore), { numRuns: STORES });
});
