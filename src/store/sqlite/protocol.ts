/** The messages between the main thread and the store's workers, besides packed batches. */
import type { Packed } from './plain.ts';
import type { WireError } from './wire-error.ts';

/** A worker's task; it comes with the order to open. */
export type WorkerTask =
  | { role: 'write'; path: string; requireExisting: boolean }
  /** `check` checks the file first: for a store that no daemon has opened. One that `givesWay` has a lower priority. */
  | { role: 'read'; path: string; check: boolean; givesWay: boolean }
  | { role: 'backup'; path: string; targetPath: string };

/** From the main thread. A batch is packed `[name, args, name, args, …]`; only one runs at a time. */
export type ToWorker = Packed | { kind: 'open'; task: WorkerTask } | { kind: 'close' };

/** From a worker. A reply is packed `[null, seconds, failures, …results]`, or `[message, error]` for a failed batch. */
export type FromWorker =
  | Packed
  | { kind: 'ready' }
  | { kind: 'refused'; error: WireError }
  | { kind: 'log'; level: LogLevel; message: string };

export type LogLevel = 'info' | 'warn' | 'error';

/** Returns whether a message is a packed batch or reply, and not one about the worker itself. */
export function isPacked(message: ToWorker | FromWorker): message is Packed {
  return typeof message === 'string' || Array.isArray(message);
}
