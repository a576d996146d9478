import { expect, it } from 'vitest';
import { outcomesPage, seeOutcomes } from './outcomes.ts';

it('docs/outcomes.md says what happens to a create, for every code of Kling’s and every fault', async () => {
  await expect(outcomesPage(await seeOutcomes())).toMatchFileSnapshot('../../docs/outcomes.md');
});
