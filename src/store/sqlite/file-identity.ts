/**
 * Whether the files of an open store are still the ones that were opened.
 *
 * A process can write to a deleted or replaced file without an error, and loses these writes at its end. So the files are
 * checked by name: device and inode must be those that were opened.
 *
 * **Invariant**: checks only by `stat` and opens nothing, since closing a descriptor would drop SQLite's locks.
 */
import { statSync, type BigIntStats } from 'node:fs';
import { WAL_BYTES_KEPT } from './connection.ts';

interface KnownFile {
  path: string;
  dev: bigint;
  ino: bigint;
  /** The least size of the file from now on. */
  bytesMin: bigint;
}

/** The files of one open store, in their state at its opening. */
export class FileIdentity {
  readonly #files: KnownFile[];

  /** Remembers existing files; a missing one counts as lost from the beginning. */
  constructor(paths: readonly string[]) {
    this.#files = paths.map((path) => {
      const stats = look(path);
      const bytesMin = leastBytes(path, stats?.size ?? 0n);
      return { path, dev: stats?.dev ?? -1n, ino: stats?.ino ?? -1n, bytesMin };
    });
  }

  /** Gives the problem of the first changed file; null if all are unchanged. Costs a `stat` for each file. */
  lost(): string | null {
    for (const file of this.#files) {
      const stats = look(file.path);
      if (!stats) return `${file.path} was deleted`;
      if (stats.dev !== file.dev || stats.ino !== file.ino)
        return `${file.path} was replaced by another file`;
      if (stats.size < file.bytesMin) return `${file.path} was cut short`;
      file.bytesMin = leastBytes(file.path, stats.size);
    }
    return null;
  }
}

/** The least size of a file: SQLite never makes a store's file shorter, and cuts its log only to a limit. */
function leastBytes(path: string, bytes: bigint): bigint {
  const limit = BigInt(WAL_BYTES_KEPT);
  return path.endsWith('-wal') && bytes > limit ? limit : bytes;
}

function look(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
