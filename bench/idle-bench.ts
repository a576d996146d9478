/**
 * What open tasks cost while no app asks for anything: CPU a second of a real process that polls them, before an upstream
 * that shows every one of them as `processing`.
 *
 * Run by `node bench/idle-bench.ts [open tasks] [seconds]`. The tasks are half an hour old, so each is asked for once a minute,
 * all of them together since the start asked for all: measure whole minutes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { sleep, systemClock } from '../src/clock.ts';
import { startApp } from '../test/app/start-app.ts';
import { startOwnSidecar } from './own-sidecar.ts';
import { cpuMicroseconds, end, endAll, memory } from './processes.ts';
import { copyTask } from './copy-task.ts';
import { CREATE_BODY, CREATE_PATH } from './requests.ts';
import { startUpstream } from './upstream.ts';

const openTasks = Number(process.argv[2] ?? 10_000);
const seconds = Number(process.argv[3] ?? 60);
const AGE_MS = 1_800_000;
/** One key for the whole run: the tasks of another account would be news at every poll. */
const KEY = 'bench-key';
const folder = mkdtempSync(join(import.meta.dirname, '.idle-'));

try {
  const upstream = await startUpstream(folder);
  const baseUrl = `http://127.0.0.1:${upstream.port}`;
  const maker = await startApp({
    folder,
    baseUrl,
    env: { KLING_API_KEY: KEY },
    config: { tasks: { poll: false } },
  });
  const headers = { 'content-type': 'application/json' };
  const made = await fetch(maker.dataUrl + CREATE_PATH, { method: 'POST', headers, body: CREATE_BODY });
  if (made.status !== 200) throw new Error(`the create was answered with ${made.status}`);
  await maker.stop({ keep: true });
  const db = new Database(join(folder, 'data/sidecar.db'));
  copyTask(db, openTasks - 1);
  db.exec(
    `UPDATE creates SET task_created_at = task_created_at - ${AGE_MS}, task_seen_at = task_seen_at - ${AGE_MS}`,
  );
  db.close();
  await measure(baseUrl);
} finally {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(baseUrl: string): Promise<void> {
  const { sidecar } = await startOwnSidecar(folder, { baseUrl, key: KEY });
  // The start asks for all of them at once: that is not measured.
  await sleep(systemClock, 30_000);
  const before = cpuMicroseconds(sidecar.pid);
  await sleep(systemClock, seconds * 1000);
  const usedMs = (cpuMicroseconds(sidecar.pid) - before) / 1000;
  console.log(
    `${openTasks} open tasks: ${(usedMs / seconds).toFixed(1)} ms of CPU a second over ${seconds} s, ` +
      `${(memory(sidecar.pid).residentBytes / 1_048_576).toFixed(0)} MiB resident`,
  );
  await end(sidecar.child);
}
