/** The worker threads of tests, by schema. */
import type { StoreWorkers } from '../../src/store/sqlite/open-store.ts';

/** Gives workers whose module knows one of the schemas of `test-operations.ts`. */
export function testWorkers(schema = '1'): StoreWorkers {
  const serve = new URL('../../src/store/sqlite/worker.ts', import.meta.url).href;
  const operations = new URL('./test-operations.ts', import.meta.url).href;
  const code = `
    import { serveStore } from '${serve}';
    import { testModule } from '${operations}';
    serveStore([testModule('${schema}')]);`;
  // A thread is told nothing but its entry; a worker's file URL loses its query.
  const entry = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  return { writer: entry, reader: entry };
}
