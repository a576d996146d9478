/** The store as the rest of the program sees it: operations in, results out, durable when a write resolves. */
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

/** What operations wait for: the writer, the reader of what requests ask, the reader of lists and reports. */
export type StoreQueue = 'writer' | 'reader' | 'reports';

export interface Store {
  /**
   * Runs a write in the next batch; resolves after the batch's commit is on disk.
   * @throws SidecarError `ledger_unavailable` when the batch could not be committed: nothing of it stays.
   */
  write<A, R>(operation: Operation<A, R>, args: A): Promise<R>;
  /** Adds a write to the next batch within 100 ms; its failure is counted, and a SIGKILL may lose it. */
  later<A>(operation: Operation<A, unknown>, args: A): void;
  /**
   * Runs a write alone in a batch, when nothing else is to be written; while requests write, rarely. `take` gives its
   * arguments when its turn has come: few of them where `isBusy`, since a request that comes waits for its end.
   * @throws SidecarError as `write`, also where the store is closed before its turn.
   */
  spare<A, R>(operation: Operation<A, R>, take: (isBusy: boolean) => A): Promise<R>;
  /**
   * Runs a read on a connection of its own; it sees every write that has resolved. Reads that a request waits for and all
   * others have a thread each, so that no create waits for a report.
   */
  read<A, R>(operation: Operation<A, R>, args: A): Promise<R>;
  stats(): StoreStats;
  /**
   * Says what is wrong where the store's files, or the file of its ownership, are not those that were opened; null where
   * they are. What is written to files that are gone is gone too: the process should take no creates and be restarted.
   */
  lost(): string | null;
  /**
   * Copies the live store, page by page, to a new file that must not exist.
   * @throws SidecarError `bad_usage` where the file exists, `store_unwritable`, `store_corrupt`; `ledger_unavailable` where the
   *   signal aborts: then a file with `.part` behind its name may be left.
   */
  backup(targetPath: string, signal?: AbortSignal): Promise<void>;
  /** Commits what waits, checkpoints, gives up ownership. Idempotent. */
  close(): Promise<void>;
}
