/**
 * One peer's turn in one round: started, warmed, loaded at 32, 16 and 1 connections with creates and with reads,
 * its memory read, ended.
 *
 * **Invariant**: a figure counts only when every answer of its point was good; one bad answer fails the turn.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runLoad, type LoadPoint, type LoadResult } from './load.ts';
import type { Launch, Peer } from './peers.ts';
import { cpuMicroseconds, end, memory, start, type Memory, type Started } from './processes.ts';
import { CREATE_BODY, CREATE_PATH, createTasks, waitUntilAnswered } from './requests.ts';
import type { Upstream } from './upstream.ts';

export const WORKS = ['creates', 'reads'] as const;
export type Work = (typeof WORKS)[number];
export const CONNECTIONS = [32, 16, 1] as const;
export type Connections = (typeof CONNECTIONS)[number];

export interface Point extends LoadResult {
  work: Work;
  connections: Connections;
  requestsPerSecond: number;
  /** Null without a process (direct). */
  cpuUsPerRequest: number | null;
}

export interface Turn {
  points: Point[];
  readyMs: number | null;
  memory: Memory | null;
}

const USUAL_HEADERS = { 'content-type': 'application/json', authorization: 'Bearer an-apps-own' };
const WARM_SECONDS = 3;
/** As many tasks as are read in turn: a fleet of apps asks for many, not for one. */
const TASKS_READ = 64;

export interface RunningPeer {
  launch: Launch | null;
  started: Started | null;
  origin: string;
  headers: Record<string, string>;
  readyMs: number | null;
}

/** Starts a peer afresh in a folder of its own and waits until a task read through it is answered. */
export async function startPeer(peer: Peer, folder: string, upstreamPort: number): Promise<RunningPeer> {
  mkdirSync(folder, { recursive: true });
  const launch = await peer.launch(folder, upstreamPort);
  if (launch === null) {
    const origin = `http://127.0.0.1:${upstreamPort}`;
    return { launch, started: null, origin, headers: USUAL_HEADERS, readyMs: null };
  }
  const headers = { ...USUAL_HEADERS, ...launch.headers };
  const from = performance.now();
  const started = start(launch.command, join(folder, `${peer.name}.log`));
  const urls = [`${launch.origin}${CREATE_PATH}/890000000000000001`, ...launch.readyUrls];
  await waitUntilAnswered(urls, headers, started);
  return { launch, started, origin: launch.origin, headers, readyMs: performance.now() - from };
}

/** Measures one peer once. */
export async function measureTurn(
  peer: Peer,
  upstream: Upstream,
  folder: string,
  seconds: number,
): Promise<Turn> {
  const running = await startPeer(peer, folder, upstream.port);
  try {
    const ids = await createTasks(running.origin, running.headers, TASKS_READ);
    const points: Point[] = [];
    for (const work of WORKS) {
      const load = loadOf(work, running, ids);
      await runLoad({ ...load, connections: 32, seconds: WARM_SECONDS }, folder);
      for (const connections of CONNECTIONS) {
        points.push(await measurePoint(work, { ...load, connections, seconds }, running.started, folder));
      }
    }
    const pid = running.started?.pid;
    return { points, readyMs: running.readyMs, memory: pid === undefined ? null : memory(pid) };
  } finally {
    if (running.started !== null) await end(running.started.child);
  }
}

type Load = Omit<LoadPoint, 'connections' | 'seconds'>;

function loadOf(work: Work, running: RunningPeer, ids: string[]): Load {
  const { origin, headers } = running;
  return work === 'creates'
    ? { origin, headers, method: 'POST', paths: [CREATE_PATH], body: CREATE_BODY }
    : { origin, headers, method: 'GET', paths: ids.map((id) => `${CREATE_PATH}/${id}`), body: null };
}

async function measurePoint(
  work: Work,
  load: LoadPoint,
  started: Started | null,
  folder: string,
): Promise<Point> {
  const before = started === null ? null : cpuMicroseconds(started.pid);
  const result = await runLoad(load, folder);
  const after = started === null ? null : cpuMicroseconds(started.pid);
  if (result.badStatuses + result.socketErrors > 0 || result.requests === 0) {
    throw new Error(
      `${work} at ${load.connections} connections: of ${result.requests} requests ${result.badStatuses} were ` +
        `answered 400 or above and ${result.socketErrors} failed`,
    );
  }
  return {
    ...result,
    work,
    connections: load.connections as Connections,
    requestsPerSecond: result.requests / (result.durationUs / 1e6),
    cpuUsPerRequest: before === null || after === null ? null : (after - before) / result.requests,
  };
}
