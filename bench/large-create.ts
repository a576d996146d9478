/**
 * A create with a 10 MiB image, measured from outside: how long it occupies the event loop, how far memory grows.
 *
 * Event-loop time is the time that the peer's main thread (in Node: the event loop) spent on a CPU from just
 * before the request to its answer, as the kernel counts it (/proc/PID/task/PID/schedstat, nanoseconds). That includes
 * receiving and sending 10 MiB through the kernel, which no proxy can avoid, so the bare forwarder is measured the same way and
 * the difference is what the sidecar adds. Two things made the bare figure differ fivefold from run to run, and are kept out: the first
 * creates of a process, which find no memory to reuse and code that is not compiled yet, are sent before; and other work on the machine, which
 * only ever adds, is left out by taking the quarter of the creates that cost least, with the peers in turn, create by create.
 *
 * The longest block is the slowest of the small task reads sent one after another while a create passes.
 * Memory growth is the highest resident memory during a create over that before it, in sizes of the body: the worst of all, the
 * first ones included, since later ones find memory that earlier ones left.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Client } from 'undici';
import { warmUp } from './load.ts';
import { pause, startPeer, type RunningPeer } from './measure.ts';
import { median } from './median.ts';
import type { Peer, PeerName } from './peer.ts';
import { end, mainThreadMicroseconds, memory, resetPeak, track } from './processes.ts';
import { CREATE_BODY, CREATE_PATH } from './requests.ts';
import type { Upstream } from './upstream.ts';

export interface LargeCreate {
  name: PeerName;
  bodyBytes: number;
  answerMs: number;
  /** The mean of the lowest quarter. */
  eventLoopMs: number;
  /** The median, for comparison: how far other work moved the figure. */
  eventLoopMsMedian: number;
  longestBlockMs: number;
  /** The slowest of the same number of reads without a create: the machine's noise. */
  quietBlockMs: number;
  memoryGrowth: number;
}

export const IMAGE_BYTES = 10 * 1024 * 1024;
/** Creates of each peer that are sent before any is measured. */
const FIRST_CREATES = 8;
const WARM_REQUESTS = 3000;
const PAUSE_MS = 100;

interface Side {
  name: PeerName;
  running: RunningPeer;
  sender: ChildProcess;
  pid: number;
  bodyBytes: number;
  answers: number[];
  loops: number[];
  growths: number[];
  blocks: number[];
  quiets: number[];
}

/** Measures large creates through peers that are started for it, in turn. */
export async function measureLargeCreates(
  peers: readonly Peer[],
  upstream: Upstream,
  { folder, repeats }: { folder: string; repeats: number },
): Promise<LargeCreate[]> {
  const sides: Side[] = [];
  try {
    for (const peer of peers)
      sides.push(await startSide(peer, join(folder, `${peer.name}-large`), upstream.readingPort));
    for (let i = 0; i < FIRST_CREATES; i += 1) for (const side of sides) await measureGrowth(side);
    for (let i = 0; i < repeats; i += 1) {
      for (const side of i % 2 === 0 ? sides : sides.toReversed()) await measureOnce(side);
    }
    return sides.map(figuresOf);
  } finally {
    for (const { sender, running } of sides) {
      await end(sender);
      if (running.started !== null) await end(running.started.child);
    }
  }
}

async function startSide(peer: Peer, folder: string, upstreamPort: number): Promise<Side> {
  const running = await startPeer(peer, folder, upstreamPort);
  const sender = fork(join(import.meta.dirname, 'large-sender.ts'), [running.origin, String(IMAGE_BYTES)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  track(sender);
  const bodyBytes = (await nextMessage(sender)).bodyBytes ?? 0;
  const { origin, headers } = running;
  const load = { origin, headers, method: 'POST', paths: [CREATE_PATH], body: CREATE_BODY } as const;
  await warmUp({ ...load, paths: [...load.paths], connections: 4 }, { requests: WARM_REQUESTS, folder });
  const lists = { answers: [], loops: [], growths: [], blocks: [], quiets: [] };
  return { name: peer.name, running, sender, pid: running.started?.pid ?? process.pid, bodyBytes, ...lists };
}

/** Sends one create and notes how far memory grew; gives the main thread's microseconds. */
async function measureGrowth(side: Side): Promise<number> {
  const { pid, sender } = side;
  resetPeak(pid);
  const before = memory(pid).residentBytes;
  const busy = await mainThreadDuring(pid, () => send(sender));
  side.growths.push((memory(pid).peakBytes - before) / side.bodyBytes);
  side.answers.push(busy.result);
  await pause(PAUSE_MS);
  return busy.us;
}

async function measureOnce(side: Side): Promise<void> {
  side.loops.push((await measureGrowth(side)) / 1e3);
  side.blocks.push(await slowestRead(side.running, send(side.sender)));
  await pause(PAUSE_MS);
  side.quiets.push(await slowestRead(side.running, pause(PAUSE_MS)));
}

function figuresOf({ name, bodyBytes, answers, loops, growths, blocks, quiets }: Side): LargeCreate {
  return {
    name,
    bodyBytes,
    answerMs: median(answers.slice(FIRST_CREATES)),
    eventLoopMs: lowestQuarter(loops),
    eventLoopMsMedian: median(loops),
    longestBlockMs: median(blocks),
    quietBlockMs: median(quiets),
    memoryGrowth: Math.max(...growths),
  };
}

/** Gives the mean of the lowest quarter of the numbers, of one at least. */
export function lowestQuarter(values: readonly number[]): number {
  const lowest = values.toSorted((a, b) => a - b).slice(0, Math.max(1, Math.floor(values.length / 4)));
  return lowest.reduce((sum, value) => sum + value, 0) / lowest.length;
}

async function mainThreadDuring<T>(pid: number, work: () => Promise<T>): Promise<{ us: number; result: T }> {
  const before = mainThreadMicroseconds(pid);
  const result = await work();
  return { us: mainThreadMicroseconds(pid) - before, result };
}

/** Sends one large create from the other process; gives its milliseconds. */
async function send(sender: ChildProcess): Promise<number> {
  sender.send('go');
  const answer = await nextMessage(sender);
  if (answer.status !== 200) {
    throw new Error(`a 10 MiB create was answered ${String(answer.status)} ${answer.error ?? ''}`.trimEnd());
  }
  return answer.ms ?? 0;
}

interface SenderMessage {
  bodyBytes?: number;
  status?: number;
  error?: string;
  ms?: number;
}

function nextMessage(sender: ChildProcess): Promise<SenderMessage> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('the process that sends large creates ended'));
    sender.once('exit', onExit);
    sender.once('message', (message) => {
      sender.off('exit', onExit);
      resolve(message as SenderMessage);
    });
  });
}

/** Reads tasks one after another until `until` is fulfilled; gives the slowest read's milliseconds. */
async function slowestRead(running: RunningPeer, until: Promise<unknown>): Promise<number> {
  const client = new Client(running.origin, { headersTimeout: 20_000, bodyTimeout: 20_000 });
  const read = async (): Promise<number> => {
    const from = performance.now();
    const path = `${CREATE_PATH}/890000000000000001`;
    const answer = await client.request({ path, method: 'GET', headers: running.headers });
    await answer.body.dump();
    return performance.now() - from;
  };
  await read();
  const create = { isOver: false };
  const over = until.finally(() => (create.isOver = true));
  let slowest = 0;
  while (!create.isOver) slowest = Math.max(slowest, await read());
  await over;
  await client.close();
  return slowest;
}
