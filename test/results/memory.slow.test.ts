/**
 * The memory of a real process that saves large files: `RESULT_MIB=2048` and `DOWNLOADS=100` are the long form, 256 MiB and 40
 * downloads the short one.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { anotherVideo, post, until } from '../app/calls.ts';
import { end, startDaemon, type Daemon } from '../app/processes.ts';

const MIB = 1_048_576;
const RESULT_MIB = Number(process.env['RESULT_MIB'] ?? 256);
const DOWNLOADS = Number(process.env['DOWNLOADS'] ?? 40);
/** Of a process that has served little yet: its heap and its code count, too. */
const GROWTH_MIB_MAX = 128;
const EACH_MIB_MAX = 1;

let folder: string;
let emulator: Emulator;
let daemon: Daemon | null = null;
afterEach(async () => {
  if (daemon) await end(daemon.child, 'SIGKILL');
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(resultBytes: number, concurrency: number): Promise<Daemon> {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-memory-'));
  emulator = createEmulator({
    clock: systemClock,
    port: 0,
    speed: 200,
    resultBytes,
    concurrency: { video: 1_000 },
    recordRequests: false,
  });
  const { url } = await emulator.start();
  const config = {
    listen: { port: 0 },
    control: { port: 0 },
    upstream: { baseUrl: url },
    tasks: { pollIntervalMs: 100 },
    account: { poll: false },
    results: { keep: true, dir: 'results', freeGiBMin: 0, concurrency },
  };
  await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify(config));
  return (daemon = await startDaemon(folder, { KLING_API_KEY: 'emulator-key' }));
}

async function memoryMib(what: 'VmRSS' | 'VmHWM', { child }: Daemon): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
}

function saved(): { files: number; bytes: number } {
  const db = new Database(path.join(folder, 'data', 'sidecar.db'), { readonly: true });
  try {
    return db
      .prepare<[], { files: number; bytes: number }>(
        "SELECT COUNT(*) AS files, COALESCE(SUM(bytes), 0) AS bytes FROM result_files WHERE state = 'saved'",
      )
      .get() as { files: number; bytes: number };
  } finally {
    db.close();
  }
}

const create = ({ dataUrl }: Daemon) => post(`${dataUrl}/v1/videos/text2video`, anotherVideo());

it(`saves a file of ${RESULT_MIB} MiB in bounded memory`, { timeout: 3_600_000 }, async () => {
  const process = await start(RESULT_MIB * MIB, 2);
  const before = await memoryMib('VmRSS', process);
  await create(process);
  await until('it is saved', async () => {
    if (saved().files === 1) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return false;
  });
  const peak = await memoryMib('VmHWM', process);
  console.log(JSON.stringify({ before, peak, MiB: RESULT_MIB }));
  expect(saved().bytes).toBe(RESULT_MIB * MIB);
  expect(peak - before).toBeLessThan(GROWTH_MIB_MAX);
});

it(`saves ${DOWNLOADS} files at once in bounded memory`, { timeout: 3_600_000 }, async () => {
  const process = await start(8 * MIB, DOWNLOADS);
  const before = await memoryMib('VmRSS', process);
  emulator.addFault({
    kind: 'file_slow',
    match: { path: '/files/' },
    bytes: 262_144,
    intervalMs: 50,
    times: 'always',
  });
  await Promise.all(Array.from({ length: DOWNLOADS }, () => create(process)));
  await until('they are saved', async () => {
    if (saved().files === DOWNLOADS) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return false;
  });
  const peak = await memoryMib('VmHWM', process);
  console.log(JSON.stringify({ before, peak, downloads: DOWNLOADS }));
  expect(peak - before).toBeLessThan(GROWTH_MIB_MAX + DOWNLOADS * EACH_MIB_MAX);
  expect((await stat(path.join(folder, 'results'))).isDirectory()).toBe(true);
});
