/** A store in memory with the schema of money, availability and claims. */
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

/** Opens an empty store. */
export function createSlaStore(): MemoryStore {
  return createMemoryStore();
}
