/** The registry: every operation and migration that the store's workers run. A new module is one line here. */
import { alertsModule } from '../alerts/alerts-module.ts';
import { readTaskTimeline } from '../control/task-timeline.ts';
import { jobsModule } from '../jobs/job-table.ts';
import { ledgerModules } from '../ledger/ledger-modules.ts';
import { pacingModule } from '../pacing/learned-limit-table.ts';
import { reconcileModule } from '../reconcile/reconcile-module.ts';
import type { StoreModule } from '../store/registry.ts';

export const storeModules: readonly StoreModule[] = [
  ...ledgerModules,
  reconcileModule,
  pacingModule,
  alertsModule,
  jobsModule,
  { migrations: [], operations: [readTaskTimeline] },
];
