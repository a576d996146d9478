import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newId } from '../../src/ids.ts';
import { retryTaskId } from '../../src/task-retries/retry-id.ts';

it('gives each number of a chain one id of ours, the same each time', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.integer({ min: 1, max: 5 }), (ms, number) => {
      const firstHoldId = newId('hold', ms);
      const id = retryTaskId({ firstHoldId, number });
      // The form by which ours are known (kling/envelope.ts, budget/hold-upstream.ts).
      expect(id).toMatch(/^ks_[0-9a-z]{26}$/);
      expect(id.slice(3, 13)).toBe(firstHoldId.slice(5, 15));
      expect(retryTaskId({ firstHoldId, number })).toBe(id);
      expect(retryTaskId({ firstHoldId, number: number + 1 })).not.toBe(id);
      expect(retryTaskId({ firstHoldId: newId('hold', ms), number })).not.toBe(id);
    }),
  );
});
