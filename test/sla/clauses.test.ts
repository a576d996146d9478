import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXCLUSION_CLAUSES, findClause } from '../../src/sla/clauses.ts';
import { addExclusion, listExclusions } from '../../src/sla/exclusion-table.ts';
import { slaSection } from '../../src/sla/sla-config.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { createSlaStore } from './sla-store.ts';

const NOON = Date.UTC(2026, 9, 5, 12);

let store: MemoryStore;
beforeEach(() => {
  store = createSlaStore();
});
afterEach(() => store.close());

const exclude = (clause: string): Promise<{ id: string }> =>
  store.run(addExclusion, { start: NOON, end: NOON + 1, clause, source: 'a mail', actor: 'ana', at: NOON });

describe('the clause of an exclusion', () => {
  it('is one of the thirteen that the agreement has', () => {
    expect(EXCLUSION_CLAUSES).toHaveLength(13);
    expect(findClause('2.2 (IV)')).toBe('2.2(iv)');
    for (const other of ['banana', '2.2', '2.2(xi)', '1.2(iv)', '', '2.2(i) and more']) {
      expect([other, findClause(other)]).toEqual([other, undefined]);
    }
  });

  it('is refused with those that are allowed if it is none', async () => {
    await expect(exclude('banana')).rejects.toMatchObject({
      code: 'bad_usage',
      message: expect.stringMatching(/--clause "banana" is not .*: 1\.2\(i\), 1\.2\(ii\), .*, 2\.2\(x\)\.$/),
    });
    expect(await store.run(listExclusions, {})).toEqual([]);
    await exclude(' 2.2 (i) ');
    expect(await store.run(listExclusions, {})).toMatchObject([{ clause: '2.2(i)' }]);
  });

  it('is checked in the config too', () => {
    const span = { from: '2026-10-05T00:00:00Z', to: '2026-10-05T01:00:00Z', source: 'a mail' };
    const parsed = slaSection.safeParse({ exclusions: [{ ...span, clause: 'banana' }] });
    expect(parsed.error?.issues[0]).toMatchObject({ path: ['exclusions', 0, 'clause'] });
    expect(parsed.error?.issues[0]?.message).toContain('2.2(x)');
    expect(slaSection.parse({ exclusions: [{ ...span, clause: '2.2 (I)' }] }).exclusions[0]?.clause).toBe(
      '2.2(i)',
    );
  });
});
