/**
 * Reads the time and sets timers; no other file does.
 *
 * **Invariant**: nothing else in the project calls `Date.now`, `performance.now` or a timer; tests use a
 * clock that they move. A `Clock` never throws and its monotonic time never goes back.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Ms } from './units.ts';

/** A timer that was set; a second cancel does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** The wall clock: integer milliseconds since the Unix epoch. May jump. */
  now(): Ms;
  /** A steady time for durations, in fractional milliseconds from an arbitrary start. */
  monotonic(): Ms;
  /** Calls back once after `delayMs` (0 or more). Never keeps the process alive. */
  after(delayMs: Ms, callback: () => void): Timer;
  /** Calls back every `periodMs` (above 0), first after one period. Never keeps the process alive. */
  every(periodMs: Ms, callback: () => void): Timer;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, Math.min(delayMs, 2_147_483_647)).unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, callback) {
    const handle = setInterval(callback, periodMs).unref();
    return { cancel: () => clearInterval(handle) };
  },
};

/**
 * Keeps the process alive until it is ended: neither a clock's timers nor signals do, and a command that waits for
 * another process has nothing else open.
 */
export function stayAwake(): { end(): void } {
  const { port1 } = new MessageChannel();
  port1.ref();
  return { end: () => port1.close() };
}

/** Waits on a clock; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: Ms, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Waits for a promise at most `limitMs`; undefined if it was not settled by then; it then continues by itself. */
export async function within<T>(clock: Clock, limitMs: Ms, promise: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.after(limitMs, () => resolve(undefined));
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.cancel();
  }
}

interface ManualTimer {
  dueAt: Ms;
  periodMs: Ms | null;
  callback: () => void;
}

/** A clock that does not move by itself: for tests, and for the emulator's own time. */
export interface ManualClock extends Clock {
  /** Moves both times forward and runs due timers in order; promises settle between two timers. */
  advance(byMs: Ms): Promise<void>;
  /** Steps only the wall clock, in either direction, like an operator or NTP; timers are not affected. */
  step(toMs: Ms): void;
}

/** Makes a clock that shows `startMs` until it is moved. */
export function createManualClock(startMs: Ms): ManualClock {
  let wall = startMs;
  let steady = 0;
  const timers = new Set<ManualTimer>();
  const add = (delayMs: Ms, periodMs: Ms | null, callback: () => void): Timer => {
    const timer: ManualTimer = { dueAt: steady + Math.max(0, delayMs), periodMs, callback };
    timers.add(timer);
    return { cancel: () => void timers.delete(timer) };
  };
  const nextDue = (untilMs: Ms): ManualTimer | undefined => {
    let next: ManualTimer | undefined;
    for (const timer of timers) {
      if (timer.dueAt <= untilMs && (!next || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  };
  const moveTo = (target: Ms): void => {
    wall += target - steady;
    steady = target;
  };
  return {
    now: () => Math.floor(wall),
    monotonic: () => steady,
    after: (delayMs, callback) => add(delayMs, null, callback),
    every: (periodMs, callback) => add(periodMs, periodMs, callback),
    step: (toMs) => void (wall = toMs),
    async advance(byMs) {
      const target = steady + byMs;
      for (let timer = nextDue(target); timer; timer = nextDue(target)) {
        moveTo(Math.max(steady, timer.dueAt));
        if (timer.periodMs === null) timers.delete(timer);
        else timer.dueAt += timer.periodMs;
        timer.callback();
        await nextTurn();
      }
      moveTo(target);
      await nextTurn();
    },
  };
}

/** Lets promises and one turn of the event loop run: for long work that must not delay other work. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
