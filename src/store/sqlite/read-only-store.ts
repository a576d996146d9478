/** A store opened for reading alone: for commands while no daemon runs, and harmless beside one. */
import type { Clock } from '../../clock.ts';
import { SidecarError } from '../../errors.ts';
import { Batches } from './batches.ts';
import type { Operation } from '../operation.ts';
import type { Store } from '../store.ts';
import { existingStorePath, storeBytes, walBytes } from './store-file.ts';
import { startWorkerThread } from './worker-thread.ts';

export type ReadOnlyStore = Pick<Store, 'read' | 'stats' | 'close'>;

/** A store whose reads can be ended at once. */
export interface OpenedReadOnly extends ReadOnlyStore {
  /** Rejects running reads and ends the thread at once; nothing waits for it. */
  abandon(): void;
}

/**
 * Opens an existing store for reading; takes no ownership and changes nothing.
 *
 * @throws SidecarError `store_missing`, `store_corrupt`, `store_foreign`, `store_newer`, or `daemon_required` when
 *   the store must be migrated first.
 */
export async function openStoreReadOnly(
  path: string,
  options: { reader: URL; clock: Clock },
): Promise<OpenedReadOnly> {
  const realPath = existingStorePath(path);
  const reads = new Batches({ clock: options.clock, send: (batch) => reader.send(batch) });
  const reader = startWorkerThread(
    options.reader,
    { role: 'read', path: realPath, check: true, givesWay: false },
    {
      onReply: (reply) => reads.receive(reply),
      onLog: () => undefined,
      onDeath: (error) => reads.fail(error),
    },
  );
  try {
    await reader.open();
  } catch (error) {
    await reader.close();
    throw error;
  }
  return {
    read: <A, R>(operation: Operation<A, R>, args: A) => reads.add(operation.name, args) as Promise<R>,
    stats: () => ({ path: realPath, bytes: storeBytes(realPath), walBytes: walBytes(realPath), queues: [] }),
    abandon() {
      reads.fail(new SidecarError('ledger_unavailable', 'the store was left'));
      reader.abandon();
    },
    async close() {
      await reads.close(new SidecarError('ledger_unavailable', 'the store is closed'));
      await reader.close();
    },
  };
}
