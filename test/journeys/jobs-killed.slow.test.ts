import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { get, until } from '../app/calls.ts';
import { end, run, startDaemon, type Daemon } from '../app/processes.ts';

const DAY = 86_400_000;
/** Enough that a copy takes long beside a look at whether it runs. */
const FILL_MIB = 400;
const ENV = { KLING_API_KEY: 'emulator-key' };

interface JobRow {
  name: string;
  state: string;
  runningSince: string | null;
  lastStartedAt: string | null;
  missed: number;
}

let folder = '';
let emulator: Emulator;
let daemon: Daemon | null = null;
/** Twelve hours from now, so that it does not come while the test runs. */
const hour = (new Date(systemClock.now()).getUTCHours() + 12) % 24;
const CRON = `0 ${hour} * * *`;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-jobs-killed-'));
  emulator = createEmulator({ clock: systemClock, port: 0, speed: 100 });
  const { url } = await emulator.start();
  // Months are looked at each minute, and so by every first look.
  const others = { slaMonths: '* * * * *', packs: null, ledgers: null, retention: null };
  const config = {
    listen: { port: 0 },
    control: { port: 0 },
    upstream: { baseUrl: url },
    tasks: { poll: false },
    jobs: { ...others, backup: CRON, timeZone: 'UTC' },
  };
  await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify(config));
});

afterEach(async () => {
  if (daemon) await end(daemon.child, 'SIGKILL');
  daemon = null;
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  daemon = await startDaemon(folder, ENV);
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  if (daemon) await end(daemon.child, signal);
  daemon = null;
}

async function job(wanted: string): Promise<JobRow> {
  const { json } = await get(`${daemon?.controlUrl}/v1/jobs`);
  const found = (json as unknown as { jobs: JobRow[] }).jobs.find(({ name }) => name === wanted);
  if (!found) throw new Error(`there is no job ${wanted}`);
  return found;
}
const backup = (): Promise<JobRow> => job('backup');

const files = async (): Promise<string[]> => {
  const names = await readdir(path.join(folder, 'data/backups')).catch(() => []);
  return names.toSorted();
};

/** Makes the store large, and its last backup three days old. */
function prepare(): void {
  const db = new Database(path.join(folder, 'data/sidecar.db'));
  db.exec('CREATE TABLE filler (bytes BLOB NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO filler (bytes) VALUES (randomblob(1048576))');
  for (let i = 0; i < FILL_MIB; i += 1) insert.run();
  db.prepare('DELETE FROM job_runs').run();
  db.prepare('INSERT INTO job_runs (name, schedule, done_to) VALUES (?, ?, ?)').run(
    'backup',
    `${CRON} UTC`,
    systemClock.now() - 3 * DAY,
  );
  db.close();
}

it('a backup that a kill cut off leaves nothing that looks like one, and is made up once by the next start', async () => {
  await start();
  await stop('SIGTERM');
  prepare();

  await start();
  await until('the backup runs', async () => (await backup()).state === 'running');
  await until('it copies', async () => (await files()).length > 0);
  await stop('SIGKILL');
  const left = await files();
  expect(left.length).toBeGreaterThan(0);
  expect(left.filter((name) => !name.startsWith('.'))).toEqual([]);
  expect((await run(['ledger', 'verify'], { cwd: folder, env: ENV })).code).toBe(0);

  await start();
  const made = await until('the backup is made up', async () => {
    const now = await backup();
    return now.state === 'ok' && now;
  });
  expect(made.missed).toBe(2);
  const [name = '', ...others] = await files();
  expect(others).toEqual([]);
  expect(name).toMatch(/^sidecar-\d{8}-\d{6}-\d{3}\.db$/);
  const copy = new Database(path.join(folder, 'data/backups', name), { readonly: true });
  expect(copy.prepare('SELECT COUNT(*) FROM filler').pluck().get()).toBe(FILL_MIB);
  copy.close();
  await stop('SIGTERM');

  // Another start finds it done: its first look runs the other job alone.
  const startedAt = new Date(systemClock.now()).toISOString();
  await start();
  await until('a first look', async () => ((await job('sla-months')).lastStartedAt ?? '') > startedAt);
  expect(await backup()).toMatchObject({ state: 'ok', lastStartedAt: made.lastStartedAt });
  expect(await files()).toEqual([name]);
});

it('a stop does not wait for a backup, and what it cut off is made up by the next start', async () => {
  await start();
  await stop('SIGTERM');
  prepare();
  await start();
  await until('the backup copies', async () => (await files()).length > 0);
  await stop('SIGTERM');
  expect((await files()).filter((name) => !name.startsWith('.'))).toEqual([]);
  await start();
  await until('the backup is made up', async () => (await backup()).state === 'ok');
  expect(await files()).toHaveLength(1);
});
