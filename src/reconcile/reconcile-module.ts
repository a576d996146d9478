/** What this folder gives to the store's workers. */
import type { StoreModule } from '../store/registry.ts';
import { compareCreates } from './compare-creates.ts';
import { compareUnknown } from './compare-unknown.ts';
import { lastReconciliation, noteReconciliation } from './last-reconciliation.ts';
import { comparePacks } from './pack-remainders.ts';

export const reconcileModule: StoreModule = {
  operations: [compareCreates, compareUnknown, comparePacks, noteReconciliation, lastReconciliation],
  migrations: [],
};
