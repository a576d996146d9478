/**
 * A soak: an hour of mixed load on a real process before the emulator, with its resident memory sampled and its slope.
 *
 * Run by `node bench/soak.ts [seconds] [creates a second]`, by default 3600 and 20. Beside the creates an app reads each
 * task once, sends a body of 1 MiB every five seconds, Prometheus scrapes every fifteen, and somebody asks for the
 * status. Memory comes from /proc, so this runs on Linux alone. Growth that ends shows in the slopes of the thirds: the last is
 * near 0, for any value of the first.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { sleep, systemClock } from '../src/clock.ts';
import { createEmulator } from '../src/emulator/emulator.ts';
import { startOwnSidecar } from './own-sidecar.ts';
import { endAll } from './processes.ts';
import { CREATE_BODY, CREATE_PATH } from './requests.ts';

const SAMPLE_MS = 1_000;
const SHOWN_SAMPLES = 60;
const LARGE_MS = 5_000;
const SCRAPE_MS = 15_000;
const MIB = 1_048_576;
const MS_PER_HOUR = 3_600_000;
const HEADERS = { 'content-type': 'application/json' };

interface Sample {
  atMs: number;
  residentMiB: number;
  /** Without mapped files. */
  anonymousMiB: number;
}

const [secondsText = '3600', rateText = '20'] = process.argv.slice(2);
const seconds = Number(secondsText);
const createsPerSecond = Number(rateText);
if (!(seconds >= 10) || !(createsPerSecond > 0)) {
  console.error('node bench/soak.ts [seconds, 10 or more] [creates a second, above 0]');
  process.exit(2);
}

const folder = mkdtempSync(join(import.meta.dirname, 'soak-'));
const counts = { creates: 0, reads: 0, large: 0, bad: 0 };

/** Packs that no soak empties. */
const emulator = createEmulator({
  clock: systemClock,
  host: '127.0.0.1',
  port: 0,
  speed: 20,
  recordRequests: false,
  concurrency: { video: 100_000 },
  packs: [{ name: 'Soak-Video-100000Con', product: 'video', units: 1_000_000_000 }],
});

function sample(pid: number, fromMs: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return {
    atMs: systemClock.monotonic() - fromMs,
    residentMiB: mib('VmRSS'),
    anonymousMiB: mib('RssAnon'),
  };
}

async function send(
  pool: Pool,
  method: 'GET' | 'POST',
  path: string,
  body: string | null = null,
): Promise<string> {
  try {
    const answer = await pool.request({ path, method, headers: HEADERS, body });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) counts.bad += 1;
    return text;
  } catch {
    counts.bad += 1;
    return '';
  }
}

/** One create, and one read of its task as an app makes it. */
async function createAndRead(pool: Pool): Promise<void> {
  const text = await send(pool, 'POST', CREATE_PATH, CREATE_BODY);
  counts.creates += 1;
  const taskId = /"task_id":"(\d+)"/.exec(text)?.[1];
  if (taskId === undefined) return;
  await sleep(systemClock, 1_000);
  await send(pool, 'GET', `${CREATE_PATH}/${taskId}`);
  counts.reads += 1;
}

function sendLarge(pool: Pool): void {
  const body = JSON.stringify({ ...(JSON.parse(CREATE_BODY) as object), image: 'A'.repeat(MIB) });
  counts.large += 1;
  void send(pool, 'POST', '/v1/videos/image2video', body);
}

/** Slope of the least squares, in MiB an hour. */
function slope(samples: readonly Sample[], of: (one: Sample) => number): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [at, value] = [mean(samples.map(({ atMs }) => atMs)), mean(samples.map(of))];
  let [above, below] = [0, 0];
  for (const one of samples) {
    above += (one.atMs - at) * (of(one) - value);
    below += (one.atMs - at) ** 2;
  }
  return below === 0 ? 0 : (above / below) * MS_PER_HOUR;
}

function report(samples: readonly Sample[]): void {
  const third = Math.floor(samples.length / 3);
  const parts: [string, readonly Sample[]][] = [
    ['whole', samples],
    ['first third', samples.slice(0, third)],
    ['second third', samples.slice(third, 2 * third)],
    ['last third', samples.slice(2 * third)],
  ];
  console.log(`\n${JSON.stringify(counts)}, ${seconds} s at ${createsPerSecond} creates/s`);
  for (const [name, part] of parts) {
    const [first, last] = [part[0], part.at(-1)];
    const from = first?.residentMiB.toFixed(1) ?? '-';
    const to = last?.residentMiB.toFixed(1) ?? '-';
    const resident = slope(part, ({ residentMiB }) => residentMiB).toFixed(1);
    const anonymous = slope(part, ({ anonymousMiB }) => anonymousMiB).toFixed(1);
    console.log(
      `${name.padEnd(13)} ${from.padStart(7)} → ${to.padStart(7)} MiB, slope ${resident.padStart(8)} MiB/h, ` +
        `without mapped files ${anonymous.padStart(8)} MiB/h`,
    );
  }
}

async function soak(): Promise<void> {
  const { url } = await emulator.start();
  const { sidecar, data, control } = await startOwnSidecar(folder, {
    baseUrl: url,
    key: 'emulator-key',
    more: { budgets: [{ name: 'day', credits: 1_000_000_000, window: 'day' }] },
  });
  const [apps, operators] = [new Pool(data, { connections: 64 }), new Pool(control, { connections: 2 })];
  const timers = [
    systemClock.every(1000 / createsPerSecond, () => void createAndRead(apps)),
    systemClock.every(LARGE_MS, () => sendLarge(apps)),
    systemClock.every(SCRAPE_MS, () => {
      void send(operators, 'GET', '/metrics');
      void send(operators, 'GET', '/v1/status');
    }),
  ];
  const fromMs = systemClock.monotonic();
  const samples: Sample[] = [];
  while (systemClock.monotonic() - fromMs < seconds * 1000) {
    // A timer of the clock's keeps no process alive; the connections do.
    await sleep(systemClock, SAMPLE_MS);
    const one = sample(sidecar.pid, fromMs);
    samples.push(one);
    if (samples.length % SHOWN_SAMPLES === 0)
      console.log(
        `${String(samples.length).padStart(5)} s  ${one.residentMiB.toFixed(1)} MiB, ` +
          `${one.anonymousMiB.toFixed(1)} without mapped files, ${counts.creates} creates`,
      );
  }
  for (const timer of timers) timer.cancel();
  report(samples);
  await Promise.all([apps.destroy(), operators.destroy()]);
}

process.once('SIGINT', () => void endAll().finally(() => process.exit(130)));
try {
  await soak();
} finally {
  await endAll();
  await emulator.stop();
  rmSync(folder, { recursive: true, force: true });
}
