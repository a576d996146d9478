/** The cost of open tasks for a real sidecar without requests of apps: its CPU a second, and the CPU of `/metrics`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { FILLED_CONFIG, fillStore } from './filled-store.ts';
import { measureIdle, pause, type Idle } from './measure.ts';
import { median } from './median.ts';
import { startOwnSidecar, type OwnSidecar } from './own-sidecar.ts';
import { BENCH_KEY } from './peer.ts';
import { end } from './processes.ts';

/** The age of long tasks: the interval of their polls is at its maximum. */
const AGE_MS = 1_800_000;
/** A start polls all tasks at once: that is not measured. */
const SETTLE_MS = 30_000;
const SCRAPES = 20;

export interface Scrape {
  openTasks: number;
  bytes: number;
  answerMs: number;
  /** CPU of a scrape on the busiest thread beside the main one: the reader. */
  readerMs: number;
  mainMs: number;
}

interface Place {
  folder: string;
  baseUrl: string;
  openTasks: number;
}

async function startFilled(place: Place, more: Record<string, unknown>): Promise<OwnSidecar> {
  const { folder, baseUrl, openTasks } = place;
  await fillStore(folder, baseUrl, { ended: 0, open: openTasks, olderMs: AGE_MS });
  return startOwnSidecar(folder, { baseUrl, key: BENCH_KEY, more: { ...FILLED_CONFIG, ...more } });
}

/** Measures the polls of so many tasks, with an upstream that shows all of them as `processing`. */
export async function measureOpenTasks(place: Place, seconds: number): Promise<Idle> {
  const { sidecar } = await startFilled(place, {});
  await pause(SETTLE_MS);
  const idle = await measureIdle(sidecar.pid, place.openTasks, seconds);
  await end(sidecar.child);
  return idle;
}

/** Measures a scrape with so many open tasks; the poller is off. */
export async function measureScrape(place: Place): Promise<Scrape> {
  const { sidecar, control } = await startFilled(place, { tasks: { poll: false } });
  const scrape = async (): Promise<number> => {
    const answer = await request(`${control}/metrics`);
    return (await answer.body.text()).length;
  };
  for (let i = 0; i < SCRAPES; i += 1) await scrape();
  const before = threadMs(sidecar.pid);
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < SCRAPES; i += 1) {
    const from = performance.now();
    bytes = await scrape();
    times.push(performance.now() - from);
  }
  const used = new Map(
    [...threadMs(sidecar.pid)].map(([id, ms]) => [id, (ms - (before.get(id) ?? 0)) / SCRAPES]),
  );
  await end(sidecar.child);
  const mainMs = used.get(sidecar.pid) ?? 0;
  used.delete(sidecar.pid);
  return {
    openTasks: place.openTasks,
    bytes,
    answerMs: median(times),
    readerMs: Math.max(...used.values()),
    mainMs,
  };
}

/** CPU of each thread of a process in ms, by thread id (`schedstat`). */
function threadMs(pid: number): Map<number, number> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map((id) => {
      const [nanoseconds = '0'] = readFileSync(join(`/proc/${pid}/task`, id, 'schedstat'), 'utf8').split(' ');
      return [Number(id), Number(nanoseconds) / 1e6];
    }),
  );
}
