/** The alerts' operations and migrations for the store's workers. */
import { exportedOperations, type StoreModule } from '../store/registry.ts';
import * as alertOverview from './alert-overview.ts';
import * as alertRetention from './alert-retention.ts';
import { alertMigrations } from './alert-schema.ts';
import * as alertTable from './alert-table.ts';
import * as channelTable from './channel-table.ts';
import * as messageTable from './message-table.ts';
import * as alertCounts from './alert-counts.ts';
import * as silenceTable from './silence-table.ts';

export const alertsModule: StoreModule = {
  migrations: alertMigrations,
  operations: exportedOperations(
    alertTable,
    alertOverview,
    alertRetention,
    channelTable,
    messageTable,
    alertCounts,
    silenceTable,
  ),
};
