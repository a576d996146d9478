import fc from 'fast-check';
import { it } from 'vitest';
import { anyHistory, checkHistory } from './engine-story.ts';

it('tells each channel of each alert: that it began, that it goes on, that it is over, whatever fails in between', async () => {
  await fc.assert(fc.asyncProperty(anyHistory, checkHistory), { numRuns: 20 });
});
