/**
 * The cost of the store alone: durable operations a second and CPU per operation, for 1 and for 32 callers.
 *
 * Run by `node bench/store-bench.ts [seconds] [folder]`; the folder's disk is what is measured. CPU is user + system
 * time of the whole process: both threads, the callers included.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import { newId } from '../src/ids.ts';
import { openStore } from '../src/store/sqlite/open-store.ts';
import type { Store } from '../src/store/store.ts';
import { benchAdmit, benchClose, benchSmall } from './store/bench-operations.ts';

const seconds = Number(process.argv[2] ?? 4);
const folder = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'store-bench-'));
const worker = new URL('./store/bench-worker.ts', import.meta.url);
const HASH = 'a'.repeat(64);
const PREVIEW = 'a cat that rides a skateboard through a quiet street in the rain'.padEnd(100, '.');

async function create(store: Store): Promise<number> {
  const at = systemClock.now();
  const id = newId('hold', at);
  const hold = {
    id,
    at,
    app: 'default',
    route: '/v1/videos/text2video',
    model: 'kling-v2-6',
    credits: 35_000,
    externalId: newId('ks', at),
    promptHash: HASH,
    promptPreview: PREVIEW,
  };
  await store.write(benchAdmit, { hold, enforce: true });
  const call = {
    id: newId('call', at),
    route: hold.route,
    host: 'api.klingai.com:443',
    status: 200,
    code: 0,
    durationMs: 12.5,
    requestId: newId('req', at),
  };
  await store.write(benchClose, { holdId: id, at, taskId: newId('run', at), call });
  return 2;
}

let smallAt = 0;
async function small(store: Store): Promise<number> {
  smallAt += 1;
  await store.write(benchSmall, smallAt);
  return 1;
}

async function measure(
  name: string,
  callers: number,
  step: (store: Store) => Promise<number>,
): Promise<void> {
  let batches = 0;
  let commitSeconds = 0;
  const store = await openStore({
    path: join(folder, `${name}-${callers}.db`),
    workers: { writer: worker, reader: worker },
    clock: systemClock,
    onCommit(commit) {
      batches += 1;
      commitSeconds += commit.seconds;
    },
  });
  const run = async (forMs: number): Promise<number> => {
    const untilMs = systemClock.monotonic() + forMs;
    let done = 0;
    const call = async (): Promise<void> => {
      while (systemClock.monotonic() < untilMs) {
        const operations = await step(store);
        done += operations;
      }
    };
    await Promise.all(Array.from({ length: callers }, call));
    return done;
  };
  await run(1000);
  batches = 0;
  commitSeconds = 0;
  const cpu = process.cpuUsage();
  const startedMs = systemClock.monotonic();
  const operations = await run(seconds * 1000);
  const elapsedMs = systemClock.monotonic() - startedMs;
  const used = process.cpuUsage(cpu);
  await store.close();
  const line = [
    name.padEnd(7),
    `${callers} callers`.padStart(10),
    `${Math.round((operations / elapsedMs) * 1000)} durable operations/s`.padStart(30),
    `${((used.user + used.system) / operations).toFixed(1)} µs CPU/operation (${(used.user / operations).toFixed(1)} user)`,
    `${(operations / batches).toFixed(1)} operations/batch`,
    `${((commitSeconds / batches) * 1000).toFixed(2)} ms/commit`,
  ];
  console.log(line.join('  '));
}

try {
  for (const callers of [1, 32]) {
    await measure('create', callers, create);
    await measure('small', callers, small);
  }
} finally {
  rmSync(folder, { recursive: true });
}
