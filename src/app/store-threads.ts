/** The store's threads: the modules that they run, and their code loaded beside the rest of a start. */
import { loadStoreWorkers, type LoadedWorkers, type StoreWorkers } from '../store/sqlite/open-store.ts';

export const storeWorkers: StoreWorkers = {
  writer: new URL('./store-writer.ts', import.meta.url),
  reader: new URL('./store-reader.ts', import.meta.url),
};

/** Begins to load the threads of a store that will be opened; they end with the process where it is not. */
export function loadStoreThreads(): LoadedWorkers {
  return loadStoreWorkers(storeWorkers);
}
