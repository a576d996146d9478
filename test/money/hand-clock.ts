/**
 * Moving a clock by hand while real sockets and a real store go on.
 *
 * Between two steps sockets, the store's threads and files get turns to do what is due. How long they take depends on the machine, so
 * that a step waits until nothing goes on outside the event loop.
 */
import { Worker } from 'node:worker_threads';
import type { ManualClock } from '../../src/clock.ts';
import { worksElsewhere } from './work-elsewhere.ts';

/** Looks, one after the other, at which nothing must go on elsewhere. */
const QUIET_LOOKS = 3;
/** Real milliseconds, about: a thread that a test holds up on purpose is not waited for. */
const LOOKS_MAX = 400;

/** Moves the clock on, step by step, until something is true; fails after `stepsMax` steps. */
export async function advanceUntil<T>(
  clock: ManualClock,
  check: () => Promise<T | undefined | false | null> | T | undefined | false | null,
  { stepMs = 500, stepsMax = 400 }: { stepMs?: number; stepsMax?: number } = {},
): Promise<T> {
  for (let i = 0; i < stepsMax; i += 1) {
    const value = await check();
    if (value !== undefined && value !== false && value !== null) return value;
    await turns();
    await clock.advance(stepMs);
  }
  throw new Error(`never came true in ${stepsMax} steps of ${stepMs} ms`);
}

/** Moves the clock on by a time in steps, with turns of the event loop between them. */
export async function advanceBy(clock: ManualClock, byMs: number, stepMs = 1_000): Promise<void> {
  for (let moved = 0; moved < byMs; moved += stepMs) {
    await clock.advance(Math.min(stepMs, byMs - moved));
    await turns();
  }
}

/** Waits until a promise settles, moving the clock. */
export async function whileMoving<T>(clock: ManualClock, promise: Promise<T>, stepMs = 250): Promise<T> {
  let isOver = false;
  void promise.finally(() => (isOver = true)).catch(() => undefined);
  await advanceUntil(clock, () => isOver, { stepMs, stepsMax: 1_000 });
  return promise;
}

/** Turns in a row without an end, after which a promise waits for the clock. */
const STILL_TURNS = 10;

/** Waits until a promise settles, and moves the clock only where nothing else goes on: work in the background waits for gaps by the clock. */
export async function whileStill<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  const over = { isOver: false };
  void promise.finally(() => (over.isOver = true)).catch(() => undefined);
  for (let still = 0; !over.isOver; still += 1) {
    await turns();
    if (still >= STILL_TURNS) await clock.advance(5);
  }
  return promise;
}

/** Lets sockets, the store's threads, files and promises have turns until nothing goes on outside the event loop. */
export async function turns(): Promise<void> {
  let quiet = 0;
  for (let looks = 0; quiet < QUIET_LOOKS && looks < LOOKS_MAX; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await otherThread();
    quiet = worksElsewhere() ? 0 : quiet + 1;
  }
}

const ECHO = `const { parentPort } = require('node:worker_threads'); parentPort.on('message', () => parentPort.postMessage(0));`;
let echo: Worker | null = null;

/** Waits for the answer of an idle thread. */
function otherThread(): Promise<void> {
  echo ??= new Worker(ECHO, { eval: true });
  const worker = echo;
  worker.ref();
  return new Promise((resolve) => {
    worker.once('message', () => {
      worker.unref();
      resolve();
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(0);
  });
}
