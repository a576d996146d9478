import { serveStore } from '../../src/store/sqlite/worker.ts';
import { benchModule } from './bench-operations.ts';

serveStore([benchModule]);
