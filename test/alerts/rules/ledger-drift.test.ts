import { expect, it } from 'vitest';
import { ledgerDrift } from '../../../src/alerts/rules/ledger-drift.ts';
import { storeModules } from '../../../src/app/store-operations.ts';
import { noteReconciliation, type LastReconciliation } from '../../../src/reconcile/last-reconciliation.ts';
import { NOON } from '../../ledger/making.ts';
import { createMemoryStore } from '../../ledger/memory-store.ts';
import { findAt } from './look-at.ts';

const LAST: LastReconciliation = {
  at: NOON,
  from: NOON - 1,
  to: NOON,
  driftCredits: 0,
  oursOnlyTasks: 0,
  differentTasks: 0,
  theirsOnlyTasks: 3,
  theirsOnlyCredits: 90_000,
  pendingTasks: 1,
  examples: [],
};

it('fires from its threshold on by the last comparison, and not for what others spent', async () => {
  const store = createMemoryStore(storeModules);
  const find = (threshold?: number) =>
    findAt(store, ledgerDrift, NOON, threshold ? { rules: { ledger_drift: { threshold } } } : {});
  expect(await find()).toEqual([]);
  await store.run(noteReconciliation, LAST);
  expect(await find()).toEqual([]);
  await store.run(noteReconciliation, { ...LAST, driftCredits: 999, differentTasks: 1, examples: ['8501'] });
  expect(await find()).toEqual([]);
  expect(await find(0.5)).toHaveLength(1);
  await store.run(noteReconciliation, { ...LAST, driftCredits: 1000, differentTasks: 1, examples: ['8501'] });
  expect(await find()).toMatchObject([
    { rule: 'ledger_drift', values: { driftCredits: 1000, different: 1, examples: '8501', threshold: 1000 } },
  ]);
  store.close();
});
