/**
 * A create with a 10 MiB image, seen from outside: how long it keeps the event loop, how far memory grows.
 *
 * Event-loop time is the time that the peer's main thread (in Node: the event loop) spent on a CPU from just
 * before the request to its answer, as the kernel counts it (/proc/PID/task/PID/schedstat, nanoseconds), less what
 * the idle process spends in the same time. That includes receiving and sending 10 MiB through the kernel, which no
 * proxy can avoid, so the bare forwarder is measured the same way and the difference is what the sidecar adds.
 * The longest block is the slowest of the small task reads sent one after another while the create passes.
 * Memory growth is the highest resident memory during the create over that before it, in sizes of the body: the worst
 * of the repeats, since later ones find memory that earlier ones left.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'undici';
import { runLoad } from './load.ts';
import { startPeer, type RunningPeer } from './measure.ts';
import { median } from './median.ts';
import type { Peer } from './peers.ts';
import { end, mainThreadMicroseconds, memory, resetPeak, track } from './processes.ts';
import { CREATE_BODY, CREATE_PATH } from './requests.ts';
import type { Upstream } from './upstream.ts';

export interface LargeCreate {
  bodyBytes: number;
  answerMs: number;
  eventLoopMs: number;
  longestBlockMs: number;
  /** The slowest of as many reads without a create: what the machine's noise is. */
  quietBlockMs: number;
  memoryGrowth: number;
}

export const IMAGE_BYTES = 10 * 1024 * 1024;
const REPEATS = 7;
const PAUSE_MS = 150;

/** Measures large creates through one peer that is started for them. */
export async function measureLargeCreate(
  peer: Peer,
  upstream: Upstream,
  folder: string,
): Promise<LargeCreate> {
  mkdirSync(folder, { recursive: true });
  const running = await startPeer(peer, folder, upstream.readingPort);
  const sender = fork(join(import.meta.dirname, 'large-sender.ts'), [running.origin, String(IMAGE_BYTES)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  track(sender);
  try {
    const bodyBytes = (await nextMessage(sender)).bodyBytes ?? 0;
    await warm(running, folder);
    return { bodyBytes, ...(await repeat(running, sender, bodyBytes)) };
  } finally {
    await end(sender);
    if (running.started !== null) await end(running.started.child);
  }
}

async function repeat(
  running: RunningPeer,
  sender: ChildProcess,
  bodyBytes: number,
): Promise<Omit<LargeCreate, 'bodyBytes'>> {
  const pid = running.started?.pid ?? process.pid;
  const answers: number[] = [];
  const loops: number[] = [];
  const growths: number[] = [];
  const blocks: number[] = [];
  const quiets: number[] = [];
  for (let i = 0; i < REPEATS; i += 1) {
    resetPeak(pid);
    const before = memory(pid).residentBytes;
    const busy = await mainThreadDuring(pid, () => send(sender));
    growths.push((memory(pid).peakBytes - before) / bodyBytes);
    await pause(PAUSE_MS);
    const idle = await mainThreadDuring(pid, () => pause(busy.result));
    answers.push(busy.result);
    loops.push((busy.us - idle.us) / 1e3);
    blocks.push(await slowestRead(running, send(sender)));
    await pause(PAUSE_MS);
    quiets.push(await slowestRead(running, pause(busy.result)));
  }
  return {
    answerMs: median(answers),
    eventLoopMs: median(loops),
    longestBlockMs: median(blocks),
    quietBlockMs: median(quiets),
    memoryGrowth: Math.max(...growths),
  };
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

/** Lets the engine compile what small creates use, as in a process that has been up for a while. */
async function warm(running: RunningPeer, folder: string): Promise<void> {
  const { origin, headers } = running;
  const load = { origin, headers, method: 'POST', paths: [CREATE_PATH], body: CREATE_BODY } as const;
  await runLoad({ ...load, paths: [...load.paths], connections: 4, seconds: 1 }, folder);
  await pause(PAUSE_MS);
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
