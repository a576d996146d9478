/**
 * What the web page costs: the first view of each page over a large store, and what open pages take from the creates beside them.
 *
 * A first view is the first request for a page after a start, so that code that is loaded late counts. Open pages are followed live,
 * as a browser follows them. Creates are loaded in turn with and without open pages, so that other work meets both alike.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Client, request, type Dispatcher } from 'undici';
import { FILLED_CONFIG, fillStore } from './filled-store.ts';
import { warmUp, type LoadPoint } from './load.ts';
import { measureIdle, measurePoint, pause } from './measure.ts';
import { median, quartiles } from './median.ts';
import { startOwnSidecar, type OwnSidecar } from './own-sidecar.ts';
import { BENCH_KEY } from './peer.ts';
import { end } from './processes.ts';
import { CREATE_BODY, CREATE_PATH } from './requests.ts';

/** The pages that a team keeps open; the section measures all of them. */
export const BENCH_PAGES = [
  '/',
  '/page/tasks',
  '/page/spending?by=app',
  '/page/calls',
  '/page/holds',
  '/page/queue',
  '/page/availability',
  '/page/claims',
  '/page/alerts',
  '/page/config',
] as const;
/** What the store's creates are spread over. */
const SPREAD_MS = 25 * 86_400_000;
/** Their age: none is asked for while the pages are measured. */
const OLDER_MS = 60_000;
/** Usage that is older is summed. */
const SUMMED_MS = 86_400_000;
const SUM_MS_MAX = 120_000;
const VIEWS = 20;
const IDLE_SECONDS = 20;
/** A page is followed from its first period on. */
const SETTLE_MS = 5_000;
const CONNECTIONS = 16;
/** Longer than the time from one stall of a busy sidecar to the next (collected memory, a checkpoint). */
const SLICE_SECONDS = 8;

export interface PageFigures {
  path: string;
  /** The first request for it. */
  firstMs: number;
  /** The median of the next ones. */
  medianMs: number;
  bytes: number;
}

export interface PagesCost {
  calls: number;
  openTasks: number;
  pages: PageFigures[];
  /** The slowest first view. */
  firstMsMax: number;
  openPages: number;
  /** CPU a second with the open pages, less that without. */
  cpuMsPerSecond: number;
  /** Medians over slices of a create's p99, in ms. */
  withPagesP99Ms: number;
  withoutP99Ms: number;
  /** The median of the slices' own quotients. */
  p99Ratio: number;
  /** Half of the slices' quotients lie between these. */
  p99RatioQuartiles: [lower: number, upper: number];
}

export interface PagesPlan {
  calls: number;
  openTasks: number;
  slices: number;
  warmRequests: number;
}

/** Fills a store, and measures the pages over it. */
export async function measurePages(
  folder: string,
  { baseUrl, plan }: { baseUrl: string; plan: PagesPlan },
): Promise<PagesCost> {
  // A copied create has two calls: itself, and the read that shows its end.
  const ended = Math.ceil(plan.calls / 2);
  await fillStore(folder, baseUrl, {
    ended,
    open: plan.openTasks,
    olderMs: OLDER_MS,
    spreadMs: SPREAD_MS,
  });
  const more = { ...FILLED_CONFIG, tasks: { poll: false } };
  // A sidecar that had made the creates itself would have summed their usage meanwhile.
  const earlier = await startOwnSidecar(folder, { baseUrl, key: BENCH_KEY, more });
  await untilSummed(join(folder, 'data/sidecar.db'));
  await end(earlier.sidecar.child);
  const own = await startOwnSidecar(folder, { baseUrl, key: BENCH_KEY, more });
  try {
    const pages: PageFigures[] = [];
    for (const path of BENCH_PAGES) pages.push(await viewPage(own.control, path));
    const cpuMsPerSecond = await measureOpenPages(own, plan.openTasks);
    const creates = await measureCreates(own, folder, plan);
    return {
      calls: plan.calls,
      openTasks: plan.openTasks,
      pages,
      firstMsMax: Math.max(...pages.map(({ firstMs }) => firstMs)),
      openPages: BENCH_PAGES.length,
      cpuMsPerSecond,
      ...creates,
    };
  } finally {
    await end(own.sidecar.child);
  }
}

/** Waits until the usage of all days that are over is summed. @throws Error after two minutes. */
async function untilSummed(path: string): Promise<void> {
  const db = new Database(path, { readonly: true });
  try {
    const behind = db.prepare('SELECT COUNT(*) FROM usage_summed WHERE slot * size < ?').pluck();
    const from = performance.now();
    while (behind.get(Date.now() - SUMMED_MS) !== 0) {
      if (performance.now() - from > SUM_MS_MAX) throw new Error('the usage was not summed in two minutes');
      await pause(250);
    }
  } finally {
    db.close();
  }
}

async function viewPage(control: string, path: string): Promise<PageFigures> {
  const first = await timed(control + path);
  const others: number[] = [];
  for (let view = 0; view < VIEWS; view += 1) others.push((await timed(control + path)).tookMs);
  return { path, firstMs: first.tookMs, medianMs: median(others), bytes: first.bytes };
}

async function timed(url: string): Promise<{ tookMs: number; bytes: number }> {
  const from = performance.now();
  const { statusCode, body } = await request(url);
  const { length } = await body.text();
  if (statusCode !== 200) throw new Error(`${url} was answered ${statusCode}`);
  return { tookMs: performance.now() - from, bytes: length };
}

async function measureOpenPages(own: OwnSidecar, openTasks: number): Promise<number> {
  const { pid } = own.sidecar;
  const without = await measureIdle(pid, openTasks, IDLE_SECONDS);
  const pages = await openPages(own.control);
  await pause(SETTLE_MS);
  const withPages = await measureIdle(pid, openTasks, IDLE_SECONDS);
  await pages.close();
  return withPages.cpuMsPerSecond - without.cpuMsPerSecond;
}

/** Follows every page live, each by a connection of its own. */
async function openPages(control: string): Promise<{ close: () => Promise<void> }> {
  const clients = await Promise.all(
    BENCH_PAGES.map(async (path) => {
      const client = new Client(control, { bodyTimeout: 0 });
      const asked = `/page/live?at=${encodeURIComponent(path)}`;
      const { statusCode, body }: Dispatcher.ResponseData = await client.request({
        method: 'GET',
        path: asked,
      });
      if (statusCode !== 200) throw new Error(`${asked} was answered ${statusCode}`);
      body.on('error', () => undefined).resume();
      return client;
    }),
  );
  return { close: async () => void (await Promise.all(clients.map((client) => client.destroy()))) };
}

async function measureCreates(
  own: OwnSidecar,
  folder: string,
  { slices, warmRequests }: PagesPlan,
): Promise<Pick<PagesCost, 'withPagesP99Ms' | 'withoutP99Ms' | 'p99Ratio' | 'p99RatioQuartiles'>> {
  const load: Omit<LoadPoint, 'seconds'> = {
    origin: own.data,
    headers: { 'content-type': 'application/json' },
    method: 'POST',
    paths: [CREATE_PATH],
    body: CREATE_BODY,
    connections: CONNECTIONS,
  };
  await warmUp(load, { requests: warmRequests, folder });
  const slice = async (): Promise<number> => {
    const point = await measurePoint('creates', { ...load, seconds: SLICE_SECONDS }, own.sidecar, folder);
    return point.p99Us / 1000;
  };
  const withPages: number[] = [];
  const without: number[] = [];
  for (let round = 0; round < slices; round += 1) {
    for (const isOpen of round % 2 === 0 ? [true, false] : [false, true]) {
      const pages = isOpen ? await openPages(own.control) : null;
      // A pause before each: what a sidecar does after a rest meets both.
      await pause(SETTLE_MS);
      (isOpen ? withPages : without).push(await slice());
      await pages?.close();
    }
  }
  const quotients = withPages.map((ms, round) => ms / (without[round] ?? NaN));
  return {
    withPagesP99Ms: median(withPages),
    withoutP99Ms: median(without),
    p99Ratio: median(quotients),
    p99RatioQuartiles: quartiles(quotients),
  };
}
