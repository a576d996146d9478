/**
 * Opens a store: ownership first, then the writing worker (which checks, makes or migrates the file), then the
 * one for reads that requests wait for. One for lists and reports, which may take seconds, opens while the store is
 * already in use: what is asked of it meanwhile waits.
 *
 * **Invariant**: a process with a {@link Store} owns its file until `close` or the end of the process; the main thread
 * never opens the file itself.
 */
import type { Worker } from 'node:worker_threads';
import { within, type Clock } from '../../clock.ts';
import { SidecarError } from '../../errors.ts';
import type { Ms } from '../../units.ts';
import { Batches } from './batches.ts';
import { FileIdentity } from './file-identity.ts';
import type { Operation } from '../operation.ts';
import { ownerLockPath, takeOwnership, type Ownership, type OwnerText } from './owner.ts';
import type { LogLevel } from './protocol.ts';
import type { Store, StoreQueue, StoreStats } from '../store.ts';
import { ensureFolder, existingStorePath, realStorePath, storeBytes, walBytes } from './store-file.ts';
import { loadWorkerThread, startWorkerThread, type WorkerThread } from './worker-thread.ts';

/** The modules that the worker threads run; both serve the same registry of operations. */
export interface StoreWorkers {
  writer: URL;
  reader: URL;
}

/** The threads that an open store needs first, with their code loaded or loading. */
export interface LoadedWorkers {
  writer: Worker;
  reader: Worker;
}

/** Loads the code of these threads, for a store that is opened later: nothing is opened, and no process is kept alive. */
export function loadStoreWorkers({ writer, reader }: StoreWorkers): LoadedWorkers {
  return { writer: loadWorkerThread(writer, 'write'), reader: loadWorkerThread(reader, 'read') };
}

export interface OpenStoreOptions {
  /** The file; a symbolic link is followed, a missing last folder is made. */
  path: string;
  workers: StoreWorkers;
  /** The same workers where they were loaded before; they are of this store from now on. */
  loaded?: LoadedWorkers | undefined;
  clock: Clock;
  /** Refuse if there is no store yet. Default false. */
  requireExisting?: boolean;
  /** How long to wait for another owner's end; 0 tries once. Default 0. */
  waitForOwnerMs?: Ms;
  /** Called once if the start waits for another owner of the store; null if that one left no text. */
  onWait?: (owner: OwnerText | null) => void;
  log?: (level: LogLevel, message: string, fields: Record<string, unknown>) => void;
  /** After each committed batch; `seconds` is the time of COMMIT, including fsync. */
  onCommit?: (commit: { operations: number; seconds: number }) => void;
  /** After each batch that was rejected as a whole, e.g. on a full disk. The store continues. */
  onCommitFailed?: (failure: { operations: number; message: string }) => void;
  /** A batch is sent to a worker; `seconds` is the wait of the first of its operations. */
  onSent?: (queue: StoreQueue, seconds: number) => void;
  /** A write of `later` was lost. */
  onLaterFailed?: (operation: string, error: Error) => void;
  /** A worker died: every later write or read rejects. Called once; the process should end. */
  onFailure?: (error: SidecarError) => void;
}

/**
 * Opens the store at `path`, and makes it if there is none.
 *
 * @throws SidecarError `store_owned`, `store_missing`, `store_corrupt`, `store_foreign`, `store_newer`,
 *   `store_unwritable`; the message names the path and the remedy.
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  if (options.requireExisting) existingStorePath(options.path);
  ensureFolder(options.path);
  const path = realStorePath(options.path);
  const { waitForOwnerMs = 0, clock, onWait } = options;
  const ownership = await takeOwnership(path, { waitMs: waitForOwnerMs, clock, onWait });
  const link = startWorkers(path, options);
  try {
    await link.writer.open();
    await link.reader.open();
    link.openReporter();
  } catch (error) {
    link.isClosing = true;
    await Promise.all([link.writer.close(), link.reader.close()]);
    ownership.release();
    throw error;
  }
  return createStore(path, link, { ownership, options });
}

/** The longest time that a close waits for running reads; waiting reads are not begun. */
const READS_MS_MAX: Ms = 500;

/** The workers with their batches. */
interface WorkerLink {
  writer: WorkerThread;
  /** For reads that a request waits for. */
  reader: WorkerThread;
  /** For all other reads; null until {@link openReporter}. */
  reporter: WorkerThread | null;
  writes: Batches;
  reads: Batches;
  reports: Batches;
  isClosing: boolean;
  /** Starts the reporter and waits for nothing; where it cannot open the file, the store has failed. */
  openReporter(): void;
}

function startWorkers(path: string, options: OpenStoreOptions): WorkerLink {
  const { clock, workers, loaded } = options;
  const log = options.log ?? (() => undefined);
  const onLog = (level: LogLevel, message: string): void => log(level, message, {});
  let isFailed = false;
  const onDeath = (error: SidecarError): void => {
    if (link.isClosing || isFailed) return;
    isFailed = true;
    writes.fail(error);
    reads.fail(error);
    reports.fail(error);
    log('error', error.message, { path });
    options.onFailure?.(error);
  };
  const writes = new Batches({
    clock,
    send: (batch) => link.writer.send(batch),
    onBatch: options.onCommit,
    onSent: (seconds) => options.onSent?.('writer', seconds),
    onLaterFailed: options.onLaterFailed,
    onBatchFailed(message, operations) {
      log('error', 'a batch of writes was rejected', { path, operations, message });
      options.onCommitFailed?.({ operations, message });
    },
  });
  const sent = (queue: StoreQueue) => (seconds: number) => options.onSent?.(queue, seconds);
  const reads = new Batches({ clock, onSent: sent('reader'), send: (batch) => link.reader.send(batch) });
  const reports = new Batches({
    clock,
    onSent: sent('reports'),
    send: (batch) => link.reporter?.send(batch),
  });
  const startReader = (code: URL | Worker, batches: Batches, givesWay: boolean): WorkerThread =>
    startWorkerThread(
      code,
      { role: 'read', path, check: false, givesWay },
      { onReply: (reply) => batches.receive(reply), onLog, onDeath },
    );
  const link: WorkerLink = {
    writes,
    reads,
    reports,
    isClosing: false,
    writer: startWorkerThread(
      loaded?.writer ?? workers.writer,
      { role: 'write', path, requireExisting: options.requireExisting ?? false },
      { onReply: (reply) => writes.receive(reply), onLog, onDeath },
    ),
    reader: startReader(loaded?.reader ?? workers.reader, reads, false),
    reporter: null,
    openReporter() {
      link.reporter = startReader(workers.reader, reports, true);
      link.reporter.open().catch(onDeath);
    },
  };
  return link;
}

function createStore(
  path: string,
  link: WorkerLink,
  own: { ownership: Ownership; options: OpenStoreOptions },
): Store {
  const { options, ownership } = own;
  const files = new FileIdentity([...new Set([options.path, path, `${path}-wal`, ownerLockPath(path)])]);
  let closing: Promise<void> | null = null;
  const shut = async (): Promise<void> => {
    const closed = new SidecarError('ledger_unavailable', 'the store is closed');
    const readsEnded = Promise.all([link.reads.close(closed), link.reports.close(closed)]);
    await link.writes.close(closed);
    await within(options.clock, READS_MS_MAX, readsEnded);
    link.isClosing = true;
    link.reads.fail(closed);
    link.reports.fail(closed);
    // The readers end first: the writer's last checkpoint cuts the log only if no connection reads it. A reader that still
    // runs a report is not waited for; it ends with the process.
    const readers = [link.reader, ...(link.reporter ? [link.reporter] : [])];
    const readersEnded = Promise.all(readers.map((reader) => reader.close()));
    const areGone = await within(options.clock, READS_MS_MAX, readersEnded);
    await link.writer.close();
    if (areGone === undefined) for (const reader of readers) reader.abandon();
    ownership.release();
  };
  return {
    write<A, R>(operation: Operation<A, R>, args: A) {
      if (operation.isAwaited) link.writes.backgroundTurns.noteAwaited();
      const unpack = operation.form?.result?.unpack;
      const list = unpack && operation.form?.pack(args);
      if (list) return link.writes.add(operation.name, list, true).then((result) => unpack(result, args));
      const sent = packed(operation, args);
      return link.writes.add(operation.name, sent, operation.isPlain?.(args)) as Promise<R>;
    },
    background: <A, R>(operation: Operation<A, R>, take: (isBusy: boolean) => A) =>
      link.writes.addBackground(operation.name, (isBusy) => {
        const args = take(isBusy);
        return { args: packed(operation, args), isPlain: operation.isPlain?.(args) ?? false };
      }) as Promise<R>,
    later: (operation, args) =>
      link.writes.addLater(operation.name, packed(operation, args), operation.isPlain?.(args)),
    read: <A, R>(operation: Operation<A, R>, args: A) =>
      (operation.isAwaited ? link.reads : link.reports).add(operation.name, args) as Promise<R>,
    lost: () => files.lost(),
    stats: (): StoreStats => ({
      path,
      bytes: storeBytes(path),
      walBytes: walBytes(path),
      queues: [
        { queue: 'writer', length: link.writes.length },
        { queue: 'reader', length: link.reads.length },
        { queue: 'reports', length: link.reports.length },
      ],
    }),
    backup: (targetPath, signal) => backupInWorker(options.workers.reader, { path, targetPath, signal }),
    close() {
      closing ??= shut();
      return closing;
    },
  };
}

/** Gives the form in which arguments are sent where a result is not unpacked. */
function packed<A, R>({ form }: Operation<A, R>, args: A): unknown {
  return form && !form.result ? (form.pack(args) ?? args) : args;
}

/** Copies a store on a thread of its own, so that neither reads nor writes wait for it. An abort ends the thread. */
async function backupInWorker(
  entry: URL,
  { path, targetPath, signal }: { path: string; targetPath: string; signal: AbortSignal | undefined },
): Promise<void> {
  const ignore = (): void => undefined;
  const worker = startWorkerThread(
    entry,
    { role: 'backup', path, targetPath },
    { onReply: ignore, onLog: ignore, onDeath: ignore },
  );
  const abort = (): void => worker.abandon();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    if (signal?.aborted) abort();
    await worker.open();
    await worker.close();
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
