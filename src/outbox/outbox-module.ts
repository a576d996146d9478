/** The outbox's operations and migrations for the store's workers. */
import type { StoreModule } from '../store/registry.ts';
import { outboxMigrations } from './outbox-schema.ts';
import { dropDelivered, markDeliveries, outboxBacklog, waitingFacts } from './outbox-table.ts';

export const outboxModule: StoreModule = {
  migrations: outboxMigrations,
  operations: [waitingFacts, markDeliveries, dropDelivered, outboxBacklog],
};
