/** The thread that reads the store, and copies it: it never makes a write wait. */
import { storeModules } from './store-operations.ts';
import { serveStore } from '../store/sqlite/worker.ts';

serveStore(storeModules);
