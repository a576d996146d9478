/**
 * What a create costs over a large store, held against a small one: two sidecars side by side, loaded in turn in slices of a second, so
 * that other work meets both alike.
 *
 * The load is lives, a create and the read that shows its end, so that the open tasks stay as many as they were. The page cache is
 * warm and the poller off: what is measured is CPU, which deeper trees and longer lists would raise.
 */
import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FILLED_CONFIG, fillStore, type StoreSize } from './filled-store.ts';
import { warmUp, type LoadPoint } from './load.ts';
import { measurePoint } from './measure.ts';
import { median } from './median.ts';
import { startOwnSidecar } from './own-sidecar.ts';
import { BENCH_KEY } from './peer.ts';
import { end, type Started } from './processes.ts';
import { ENDING_BODY, ENDING_PATH } from './requests.ts';

const SMALL: StoreSize = { ended: 1000, open: 10 };
const OPEN = 10_000;
/** What a create takes on disk, with its indexes and the log of the fill beside it: more than any layout has needed. */
const BYTES_A_CREATE = 2500;
const LESS_ROWS = 1_000_000;
const OLDER_MS = 60_000;

export interface BigStore {
  rows: number;
  openTasks: number;
  /** Set if the disk had no room for the requested rows. */
  rowsAsked: number;
  fillSeconds: number;
  fileMiB: number;
  /** CPU of a create with the read of its end, µs; medians over slices. */
  bigUs: number;
  smallUs: number;
  /** The median of the slices' own quotients. */
  ratio: number;
}

export interface BigStorePlan {
  rows: number;
  slices: number;
  warmRequests: number;
}

interface Side {
  sidecar: Started;
  load: Omit<LoadPoint, 'seconds'>;
  folder: string;
}

/** Fills both stores and measures; takes a million rows where the disk has no room for more. */
export async function measureBigStore(
  folder: string,
  { baseUrl, plan }: { baseUrl: string; plan: BigStorePlan },
): Promise<BigStore> {
  const rows = hasRoom(folder, plan.rows) ? plan.rows : Math.min(plan.rows, LESS_ROWS);
  const big = join(folder, 'big');
  const small = join(folder, 'small');
  const from = performance.now();
  await fillStore(big, baseUrl, { ended: rows, open: OPEN, olderMs: OLDER_MS });
  const fillSeconds = (performance.now() - from) / 1000;
  await fillStore(small, baseUrl, { ...SMALL, olderMs: OLDER_MS });
  const fileMiB = statSync(join(big, 'data/sidecar.db')).size / 1024 ** 2;
  const sides = [await startSide(big, baseUrl), await startSide(small, baseUrl)];
  for (const { load, folder: place } of sides) {
    await warmUp(load, { requests: plan.warmRequests, folder: place });
  }
  const figures: [number[], number[]] = [[], []];
  for (let slice = 0; slice < plan.slices; slice += 1) {
    for (const index of slice % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const side = sides[index];
      if (side === undefined) continue;
      const point = await measurePoint('lives', { ...side.load, seconds: 1 }, side.sidecar, side.folder);
      figures[index].push((point.cpuUsPerRequest ?? NaN) * 2);
    }
  }
  for (const { sidecar } of sides) await end(sidecar.child);
  const [bigFigures, smallFigures] = figures;
  const ratio = median(bigFigures.map((us, slice) => us / (smallFigures[slice] ?? NaN)));
  const sizes = { rows, rowsAsked: plan.rows, openTasks: OPEN, fillSeconds, fileMiB };
  return { ...sizes, bigUs: median(bigFigures), smallUs: median(smallFigures), ratio };
}

function hasRoom(folder: string, rows: number): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > rows * BYTES_A_CREATE;
}

async function startSide(folder: string, baseUrl: string): Promise<Side> {
  const more = { ...FILLED_CONFIG, tasks: { poll: false } };
  const { sidecar, data } = await startOwnSidecar(folder, { baseUrl, key: BENCH_KEY, more });
  const headers = { 'content-type': 'application/json' };
  const load = { origin: data, headers, method: 'POST', paths: [ENDING_PATH], body: ENDING_BODY } as const;
  return { sidecar, folder, load: { ...load, paths: [...load.paths], connections: 32, kind: 'lives' } };
}
