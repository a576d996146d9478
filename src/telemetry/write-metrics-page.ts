/** Writes `docs/metrics.md` from the metrics' shapes: `npm run docs:metrics`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricsPage } from './metrics-page.ts';

writeFileSync(join(import.meta.dirname, '../../docs/metrics.md'), metricsPage());
