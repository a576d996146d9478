import { serveStore } from '../../src/store/worker.ts';
import { benchModule } from './bench-operations.ts';

serveStore([benchModule]);
