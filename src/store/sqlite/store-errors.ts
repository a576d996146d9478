/** SQLite's errors about a store's file, as ours. */
import Database from 'better-sqlite3';
import { SidecarError } from '../../errors.ts';

/** Runs an action on a store's file and converts SQLite's errors to ours. */
export function withStoreErrors<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw toStoreError(path, error);
  }
}

/** Converts an error of SQLite's to ours; others stay unchanged. */
export function toStoreError(path: string, error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const why = `${error.message} (${error.code})`;
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(error.code)) return corrupt(path, why, error);
  return new SidecarError(
    'store_unwritable',
    `${path} cannot be opened or written: ${why}. Check the disk's space and the permissions of file and folder`,
    { cause: error, detail: { path } },
  );
}

/** Makes the error of a store that is damaged or none. */
export function corrupt(path: string, why: string, cause?: unknown): SidecarError {
  return new SidecarError(
    'store_corrupt',
    `${path} is damaged or not a store: ${why}. It is left as it is and no new ledger is begun. ` +
      'Restore a backup (kling-sidecar restore FILE); keep the damaged file for recovery',
    { cause, detail: { path } },
  );
}
