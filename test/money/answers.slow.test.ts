import fc from 'fast-check';
import { it } from 'vitest';
import { anyAnswers, checkAnswers } from './answers-story.ts';

it('charges each create at most once in many stories, and the ledger equals Kling’s book', async () => {
  await fc.assert(fc.asyncProperty(anyAnswers, checkAnswers), { numRuns: 60, endOnFailure: true });
});
