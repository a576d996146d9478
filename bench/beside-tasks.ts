/**
 * What open tasks cost an app: the median time of its reads through a sidecar that polls so many young tasks, and through one
 * that has none. The reads of both take turns, so that what else the machine does meets both.
 */
import { join } from 'node:path';
import { Client } from 'undici';
import { FILLED_CONFIG, fillStore } from './filled-store.ts';
import { pause } from './measure.ts';
import { median } from './median.ts';
import { startOwnSidecar, type OwnSidecar } from './own-sidecar.ts';
import { BENCH_KEY } from './peer.ts';
import { end } from './processes.ts';

/** Young tasks are asked for every five seconds: the most polls that there are. */
const AGE_MS = 30_000;
/** The first polls of all tasks at once are over. */
const SETTLE_MS = 8_000;
const READS_WARM = 300;
const PATH = '/v1/videos/text2video/870000000000000001';

export interface BesideTasks {
  openTasks: number;
  /** Medians of a read. */
  withTasksMs: number;
  withoutMs: number;
  /** The 99th percentiles. */
  withTasksP99Ms: number;
  withoutP99Ms: number;
}

/** Measures reads of an app, one at a time, `reads` through each sidecar. */
export async function measureBesideTasks(
  folder: string,
  { baseUrl, openTasks, reads }: { baseUrl: string; openTasks: number; reads: number },
): Promise<BesideTasks> {
  const busy = await startWith(join(folder, 'busy'), { baseUrl, open: openTasks });
  const calm = await startWith(join(folder, 'calm'), { baseUrl, open: 0 });
  const clients = [busy, calm].map(({ data }) => new Client(data));
  try {
    await pause(SETTLE_MS);
    for (let i = 0; i < READS_WARM; i += 1) for (const client of clients) await readOnce(client);
    const times: number[][] = [[], []];
    for (let i = 0; i < reads; i += 1)
      for (const [at, client] of clients.entries()) times[at]?.push(await readOnce(client));
    const [withTasks = [], without = []] = times;
    return {
      openTasks,
      withTasksMs: median(withTasks),
      withoutMs: median(without),
      withTasksP99Ms: percentile99(withTasks),
      withoutP99Ms: percentile99(without),
    };
  } finally {
    for (const client of clients) await client.close();
    for (const { sidecar } of [busy, calm]) await end(sidecar.child);
  }
}

async function startWith(
  folder: string,
  { baseUrl, open }: { baseUrl: string; open: number },
): Promise<OwnSidecar> {
  await fillStore(folder, baseUrl, { ended: 0, open, olderMs: AGE_MS });
  return startOwnSidecar(folder, { baseUrl, key: BENCH_KEY, more: FILLED_CONFIG });
}

async function readOnce(client: Client): Promise<number> {
  const from = performance.now();
  const { body, statusCode } = await client.request({ method: 'GET', path: PATH });
  await body.dump();
  if (statusCode !== 200) throw new Error(`a read got ${statusCode}`);
  return performance.now() - from;
}

function percentile99(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? 0;
}
