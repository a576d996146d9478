/**
 * How long a start takes: from the spawn of a real process to the first 200 of `/readyz`, with the CPU that it used until then
 * and its resident memory a second later.
 *
 * Run by `node bench/start-bench.ts [starts] [entry]`, by default 10 and `bin/kling-sidecar.js`. All starts share one folder,
 * so the first one makes the store and is not counted. Wall time means little on a busy machine: the CPU says more there,
 * and the pressure (`/proc/pressure/cpu`) is printed.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, systemClock } from '../src/clock.ts';
import { median } from './median.ts';
import { startOwnSidecar } from './own-sidecar.ts';
import { cpuMicroseconds, end, endAll, mainThreadMicroseconds, memory } from './processes.ts';
import { startUpstream } from './upstream.ts';

const starts = Number(process.argv[2] ?? 10);
const entry = process.argv[3] ?? 'bin/kling-sidecar.js';
const SETTLE_MS = 1_000;
const MIB = 1_048_576;

interface Start {
  readyMs: number;
  cpuMs: number;
  mainMs: number;
  residentMiB: number;
}

const folder = mkdtempSync(join(import.meta.dirname, '.start-'));
try {
  const upstream = await startUpstream(folder);
  const baseUrl = `http://127.0.0.1:${upstream.port}`;
  const measured: Start[] = [];
  for (let at = 0; at <= starts; at += 1) {
    const one = await startOnce(baseUrl);
    if (at > 0) measured.push(one);
  }
  report(measured);
} finally {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
}

async function startOnce(baseUrl: string): Promise<Start> {
  const { sidecar, readyMs } = await startOwnSidecar(folder, { baseUrl, key: 'bench-key', entry });
  const [cpuMs, mainMs] = [cpuMicroseconds(sidecar.pid) / 1e3, mainThreadMicroseconds(sidecar.pid) / 1e3];
  await sleep(systemClock, SETTLE_MS);
  const residentMiB = memory(sidecar.pid).residentBytes / MIB;
  await end(sidecar.child);
  return { readyMs, cpuMs, mainMs, residentMiB };
}

function report(measured: readonly Start[]): void {
  const [pressure = ''] = readFileSync('/proc/pressure/cpu', 'utf8').split('\n');
  console.log(`${measured.length} starts of ${entry}; CPU pressure: ${pressure}`);
  for (const key of ['readyMs', 'cpuMs', 'mainMs', 'residentMiB'] as const) {
    const values = measured.map((one) => one[key]);
    const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)];
    console.log(
      `${key.padEnd(12)} median ${middle.toFixed(0)}, from ${least.toFixed(0)} to ${most.toFixed(0)}`,
    );
  }
}
