import fc from 'fast-check';
import { it } from 'vitest';
import { anyAnswers, checkAnswers } from './answers-story.ts';

it('charges each create at most once, and the ledger equals Kling’s book, for all answers of Kling’s', async () => {
  await fc.assert(fc.asyncProperty(anyAnswers, checkAnswers), { numRuns: 3, endOnFailure: true });
});
