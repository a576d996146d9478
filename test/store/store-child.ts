/**
 * A process that opens a store. `own PATH` says `open`, or the error's code, and stays until its input ends.
 * `write PATH FROM` adds numbers from FROM on, eight at a time, and prints each one that was acknowledged.
 * `fill PATH` adds 1 to 40 one after the other, prints `filled` and stays.
 * `migrate PATH` opens with schema 2, printing what is logged.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { addNumber } from './test-operations.ts';
import { testWorkers } from './test-workers.ts';

const [mode, path = '', from = '1'] = process.argv.slice(2);
const schema = mode === 'migrate' ? '2' : '1';
const say = (line: string): void => void writeSync(1, `${line}\n`);

try {
  const store = await openStore({
    path,
    clock: systemClock,
    workers: testWorkers(schema),
    log: (_level, message) => say(message),
  });
  say('open');
  if (mode === 'write') {
    let next = Number(from);
    const add = async (): Promise<never> => {
      for (;;) say(`ack ${await store.write(addNumber, next++)}`);
    };
    await Promise.all(Array.from({ length: 8 }, add));
  }
  if (mode === 'fill') {
    for (let n = 1; n <= 40; n += 1) await store.write(addNumber, n);
    say('filled');
  }
  process.stdin.resume();
  process.stdin.on('end', () => void store.close());
} catch (error) {
  say(error instanceof SidecarError ? error.code : String(error));
}
