/** A process that opens a store, freezes spending, says so, and delivers nothing: it waits to be killed. */
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/clock.ts';
import { freeze } from '../../src/ledger/freeze.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { openLedger } from './test-ledger.ts';

const [path = ''] = process.argv.slice(2);
const store = await openStore({
  path,
  clock: systemClock,
  workers: {
    writer: new URL('../../src/app/store-writer.ts', import.meta.url),
    reader: new URL('../../src/app/store-reader.ts', import.meta.url),
  },
});
await openLedger(store).run(freeze, { reason: 'runaway loop', actor: 'ann', at: systemClock.now() });
writeSync(1, 'frozen\n');
process.stdin.resume();
