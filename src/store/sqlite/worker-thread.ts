/** The main thread's side of one of the store's worker threads. */
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { SidecarError } from '../../errors.ts';
import type { Packed } from './plain.ts';
import { isPacked, type FromWorker, type LogLevel, type ToWorker, type WorkerTask } from './protocol.ts';
import { fromWireError } from './wire-error.ts';

export interface WorkerThreadEvents {
  onReply: (reply: Packed) => void;
  onLog: (level: LogLevel, message: string) => void;
  /** The thread ended although it was not closed. Called once. */
  onDeath: (error: SidecarError) => void;
}

export interface WorkerThread {
  /** Lets the worker open its file. @throws SidecarError with the worker's refusal. */
  open(): Promise<void>;
  send(batch: Packed): void;
  /** Lets the worker close its file, and waits for its end. Idempotent. */
  close(): Promise<void>;
  /** Stops waiting for a thread that was closed and has not ended. */
  abandon(): void;
}

/**
 * Memory of one thread for values that have just been made. A batch needs little; without a limit Node 24 lets this memory of
 * each thread grow to 128 MiB before it collects.
 */
const YOUNG_MIB_MAX = 12;

/** Loads a worker's code while the caller does other things; it opens nothing by itself, and keeps no process alive. */
export function loadWorkerThread(entry: URL, role: WorkerTask['role']): Worker {
  // Shared, not copied: a secret that is taken out of the environment later is gone from the thread too.
  const worker = new Worker(entry, {
    name: `store-${role}`,
    env: SHARE_ENV,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB_MAX },
  });
  worker.unref();
  return worker;
}

/** Takes a loaded worker into use, or one that is loaded now. */
export function startWorkerThread(
  source: URL | Worker,
  task: WorkerTask,
  events: WorkerThreadEvents,
): WorkerThread {
  const worker = source instanceof URL ? loadWorkerThread(source, task.role) : source;
  worker.ref();
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let isClosing = false;
  let death: SidecarError | null = null;
  let opening: { resolve: () => void; reject: (error: Error) => void } | null = null;

  const die = (why: string): void => {
    if (isClosing || death) return;
    death = new SidecarError('ledger_unavailable', `the store's ${task.role} thread ended: ${why}`);
    opening?.reject(death);
    events.onDeath(death);
  };
  worker.on('message', (message: FromWorker) => {
    if (isPacked(message)) events.onReply(message);
    else if (message.kind === 'log') events.onLog(message.level, message.message);
    else if (message.kind === 'ready') opening?.resolve();
    else {
      isClosing = true;
      opening?.reject(fromWireError(message.error));
    }
  });
  worker.on('error', (error: Error) => die(error.message));
  worker.on('exit', (code) => die(`exit code ${code}`));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  const post = (message: ToWorker): void => worker.postMessage(message);
  return {
    open: () =>
      new Promise((resolve, reject) => {
        if (death) {
          reject(death);
          return;
        }
        opening = { resolve, reject };
        post({ kind: 'open', task });
      }),
    send: post,
    async close() {
      if (!isClosing) {
        isClosing = true;
        post({ kind: 'close' });
      }
      await ended;
    },
    abandon() {
      worker.unref();
      void worker.terminate();
    },
  };
}
