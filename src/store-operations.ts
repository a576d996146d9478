/** The registry: every operation and migration that the store's workers run. A new module is one line here. */
import * as claimTable from './claims/claim-table.ts';
import { jobsModule } from './jobs-table.ts';
import { ledgerModules } from './ledger/ledger-modules.ts';
import * as slaBlame from './sla/blame-table.ts';
import * as slaExclusion from './sla/exclusion-table.ts';
import * as slaExport from './sla/export.ts';
import * as slaJournal from './sla/journal.ts';
import * as slaMonth from './sla/month-table.ts';
import * as slaRun from './sla/run-table.ts';
import { slaMigrations } from './sla/sla-schema.ts';
import * as slaVerify from './sla/verify.ts';
import { exportedOperations, type StoreModule } from './store/registry.ts';

export const storeModules: readonly StoreModule[] = [
  ...ledgerModules,
  jobsModule,
  {
    migrations: slaMigrations,
    operations: exportedOperations(
      slaBlame,
      slaExclusion,
      slaExport,
      slaJournal,
      slaMonth,
      slaRun,
      slaVerify,
    ),
  },
  { migrations: claimTable.claimMigrations, operations: exportedOperations(claimTable) },
];
