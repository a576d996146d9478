/** The interface of the store: it runs operations; a write is durable when its promise resolves. */
import type { Operation } from './operation.ts';

export interface StoreStats {
  /** The file's path, absolute. */
  path: string;
  /** Main file and write-ahead log together. */
  bytes: number;
  /** The write-ahead log alone. */
  walBytes: number;
  /** Operations that wait, by queue. */
  queues: readonly { queue: StoreQueue; length: number }[];
}

/** The queues of operations: the writer, the reader for requests, the reader for lists and reports. */
export type StoreQueue = 'writer' | 'reader' | 'reports';

export interface Store {
  /**
   * Runs a write in the next batch; resolves after the batch's commit is on disk.
   * @throws SidecarError `ledger_unavailable` when the batch could not be committed: then it changed nothing.
   */
  write<A, R>(operation: Operation<A, R>, args: A): Promise<R>;
  /** Adds a write to the next batch within 100 ms; its failure is counted, and a SIGKILL may lose it. */
  later<A>(operation: Operation<A, unknown>, args: A): void;
  /**
   * Runs a write of background priority alone in a batch, when no other write waits; rarely while requests write. `take`
   * gives its arguments when its turn has come: few of them if `isBusy`, since a request that comes waits for its end.
   * @throws SidecarError like `write`, also if the store is closed before its turn.
   */
  background<A, R>(operation: Operation<A, R>, take: (isBusy: boolean) => A): Promise<R>;
  /**
   * Runs a read on a connection of its own; it sees every write that has resolved. Reads that a request waits for and all
   * others have a thread each, so that no create waits for a report.
   */
  read<A, R>(operation: Operation<A, R>, args: A): Promise<R>;
  stats(): StoreStats;
  /**
   * Gives the problem if the store's files, or the file of its ownership, are not those that were opened; null if they
   * are. Writes to missing files are lost: the process should take no creates and be restarted.
   */
  lost(): string | null;
  /**
   * Copies the live store, page by page, to a new file that must not exist.
   * @throws SidecarError `bad_usage` if the file exists, `store_unwritable`, `store_corrupt`; `ledger_unavailable` if the
   *   signal aborts: then a file with `.part` after its name may remain.
   */
  backup(targetPath: string, signal?: AbortSignal): Promise<void>;
  /** Commits waiting operations, checkpoints, gives up ownership. Idempotent. */
  close(): Promise<void>;
}
