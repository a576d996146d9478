/**
 * One peer's turn in one round: started, warmed by a number of requests, loaded with creates, reads and lives (a create and the read that
 * shows its end), its memory and its idle CPU read, ended.
 *
 * **Invariant**: a figure counts only when every answer of its point was good; one bad answer fails the turn.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runLoad, warmUp, type LoadPoint, type LoadResult } from './load.ts';
import type { Launch, Peer } from './peer.ts';
import { cpuMicroseconds, end, memory, start, type Memory, type Started } from './processes.ts';
import {
  CREATE_BODY,
  CREATE_PATH,
  createTasks,
  ENDING_BODY,
  ENDING_PATH,
  waitUntilAnswered,
} from './requests.ts';
import type { Upstream } from './upstream.ts';

export const WORKS = ['creates', 'reads', 'lives'] as const;
export type Work = (typeof WORKS)[number];
export type Connections = 32 | 16 | 1;

/** The numbers of connections that a turn loads each kind of work with. */
export type Works = Partial<Record<Work, readonly Connections[]>>;

export interface Point extends LoadResult {
  work: Work;
  connections: Connections;
  requestsPerSecond: number;
  /** Null without a process (direct). */
  cpuUsPerRequest: number | null;
}

/** The CPU and memory of a peer without requests, after the load. */
export interface Idle {
  openTasks: number;
  cpuMsPerSecond: number;
}

export interface Turn {
  points: Point[];
  readyMs: number | null;
  memory: Memory | null;
  idle: Idle | null;
}

export interface TurnPlan {
  works: Works;
  seconds: number;
  /** Requests of each kind of work before it is measured. */
  warmRequests: number;
  idleSeconds: number;
}

const USUAL_HEADERS = { 'content-type': 'application/json', authorization: 'Bearer an-apps-own' };
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
  plan: TurnPlan,
): Promise<Turn> {
  const running = await startPeer(peer, folder, upstream.port);
  try {
    const body = running.launch?.createBody ?? CREATE_BODY;
    const ids = await createTasks(running.origin, running.headers, { count: TASKS_READ, body });
    const points: Point[] = [];
    let openTasks = TASKS_READ;
    for (const work of WORKS) {
      const numbers = plan.works[work] ?? [];
      if (numbers.length === 0) continue;
      const load = loadOf(work, running, ids);
      const warmed = await warmUp({ ...load, connections: 32 }, { requests: plan.warmRequests, folder });
      if (work === 'creates') openTasks += warmed;
      for (const connections of numbers) {
        const point = { ...load, connections, seconds: plan.seconds };
        const measured = await measurePoint(work, point, running.started, folder);
        points.push(measured);
        if (work === 'creates') openTasks += measured.requests;
      }
    }
    const pid = running.started?.pid;
    if (pid === undefined) return { points, readyMs: null, memory: null, idle: null };
    const held = memory(pid);
    const isSidecar = running.launch?.readyUrls.length !== 0;
    const idle = isSidecar ? await measureIdle(pid, openTasks, plan.idleSeconds) : null;
    return { points, readyMs: running.readyMs, memory: held, idle };
  } finally {
    if (running.started !== null) await end(running.started.child);
  }
}

type Load = Omit<LoadPoint, 'connections' | 'seconds'>;

function loadOf(work: Work, { origin, headers, launch }: RunningPeer, ids: string[]): Load {
  switch (work) {
    case 'creates':
      return {
        origin,
        headers,
        method: 'POST',
        paths: [CREATE_PATH],
        body: launch?.createBody ?? CREATE_BODY,
      };
    case 'reads':
      return { origin, headers, method: 'GET', paths: ids.map((id) => `${CREATE_PATH}/${id}`), body: null };
    case 'lives':
      return { origin, headers, method: 'POST', paths: [ENDING_PATH], body: ENDING_BODY, kind: 'lives' };
  }
}

/** Measures the use of a process without requests; it waits a second first, for work that the load left. */
export async function measureIdle(pid: number, openTasks: number, seconds: number): Promise<Idle> {
  await pause(1000);
  const [before, from] = [cpuMicroseconds(pid), performance.now()];
  await pause(seconds * 1000);
  const used = cpuMicroseconds(pid) - before;
  return { openTasks, cpuMsPerSecond: used / (performance.now() - from) };
}

/** Waits in real time: what is measured is another process. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/**
 * Measures one point of a running peer.
 * @throws Error when an answer was bad or none came.
 */
export async function measurePoint(
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
