/** The thread that writes the store: the worker that `app.ts` starts. */
import { storeModules } from './store-operations.ts';
import { serveStore } from '../store/sqlite/worker.ts';

serveStore(storeModules);
