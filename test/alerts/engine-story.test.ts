import fc from 'fast-check';
import { it } from 'vitest';
import { anyHistory, checkHistory } from './engine-story.ts';

it('sends each channel the beginning, the repeats and the end of each alert, at any failures in between', async () => {
  await fc.assert(fc.asyncProperty(anyHistory, checkHistory), { numRuns: 20 });
});
