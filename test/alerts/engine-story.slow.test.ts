import fc from 'fast-check';
import { it } from 'vitest';
import { anyHistory, checkHistory } from './engine-story.ts';

it('sends each channel every step of each alert, in thousands of random histories', async () => {
  await fc.assert(fc.asyncProperty(anyHistory, checkHistory), { numRuns: 600 });
}, 600_000);
