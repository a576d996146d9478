/** The main thread's side of one of the store's worker threads. */
import { Worker } from 'node:worker_threads';
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

/** Starts a worker; its code loads while the caller continues. */
export function startWorkerThread(entry: URL, task: WorkerTask, events: WorkerThreadEvents): WorkerThread {
  const worker = new Worker(entry, { workerData: task, name: `store-${task.role}` });
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
        post({ kind: 'open' });
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
