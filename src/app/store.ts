/** Opens the app's store: its workers, and the reports of its failures. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { SidecarError } from '../errors.ts';
import { openStore, type LoadedWorkers } from '../store/sqlite/open-store.ts';
import type { OwnerText } from '../store/sqlite/owner.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { storeWorkers } from './store-threads.ts';

export interface AppStoreOptions {
  config: Config['store'];
  /** Threads whose code was loaded before. */
  loaded: LoadedWorkers | undefined;
  clock: Clock;
  log: Log;
  telemetry: Telemetry;
  /** Called when a worker died: nothing can be recorded any more. */
  onFatal: (error: SidecarError) => void;
  /** Called after each batch of writes with whether the store took it. */
  onBatch: (isTaken: boolean) => void;
}

/** Reports the process that the start waits for, and how long: until then it serves no request. */
function logWait(log: Log, { path, waitForOwnerMs }: Config['store'], owner: OwnerText | null): void {
  const who = owner ? `process ${owner.pid} on ${owner.host} (since ${owner.startedAt})` : 'another process';
  const message = `waiting for ${who} to give the store up, at most ${waitForOwnerMs / 1000} s (store.waitForOwnerMs)`;
  log.warn(message, {
    event: 'store_waiting',
    store: path,
    ownerPid: owner?.pid ?? null,
    ownerHost: owner?.host ?? null,
  });
}

/** Opens the store of the config. @throws SidecarError as `openStore` does. */
export function openAppStore(options: AppStoreOptions): Promise<Store> {
  const { config, loaded, clock, log, telemetry, onFatal, onBatch } = options;
  const { path, requireExisting, waitForOwnerMs } = config;
  return openStore({
    path,
    requireExisting,
    waitForOwnerMs,
    onWait: (owner) => logWait(log, config, owner),
    clock,
    workers: storeWorkers,
    loaded,
    log: (level, message, fields) => log[level](message, { event: 'store_notice', ...fields }),
    onCommit(commit) {
      onBatch(true);
      telemetry.storeCommitted(commit);
    },
    onSent: (queue, seconds) => telemetry.storeWaited(queue, seconds),
    onCommitFailed({ operations, message }) {
      onBatch(false);
      log.error('a batch was not committed', { event: 'store_write_failed', operations, message });
    },
    onLaterFailed(operation, error) {
      log.warn('a record was lost', { event: 'records_lost', operation, error });
    },
    onFailure(error) {
      log.error('the store failed for good', { event: 'store_failed', error });
      onFatal(error);
    },
  });
}
