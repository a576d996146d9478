/**
 * Knows whether work of this process goes on outside its event loop: batches on the store's threads, and files.
 *
 * A clock that is moved by hand waits for it, so that no more time passes for the app because the machine is busy. It looks at the messages of all
 * worker threads from the moment that this module is loaded.
 */
import { Worker } from 'node:worker_threads';
import { isPacked, type FromWorker, type ToWorker } from '../../src/store/sqlite/protocol.ts';

/** Batches that each thread has not answered yet. */
const open = new Map<Worker, number>();
const { postMessage } = Worker.prototype;
// oxlint-disable-next-line typescript/unbound-method -- called with its thread
const { emit } = Worker.prototype;

Worker.prototype.postMessage = function post(this: Worker, message: unknown, transfer?: never): void {
  if (isPacked(message as ToWorker)) open.set(this, (open.get(this) ?? 0) + 1);
  postMessage.call(this, message, transfer);
};

Worker.prototype.emit = function emitted(this: Worker, event: string | symbol, ...values: never[]): boolean {
  if (event === 'exit') open.delete(this);
  if (event === 'message' && isPacked(values[0] as unknown as FromWorker)) {
    const left = (open.get(this) ?? 0) - 1;
    if (left > 0) open.set(this, left);
    else open.delete(this);
  }
  return emit.call(this, event as 'message', ...(values as [never]));
} as typeof emit;

/** Returns whether a thread of a store has a batch, or something is read from or written to a file. */
export function worksElsewhere(): boolean {
  return open.size > 0 || process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
}
