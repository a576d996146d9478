/**
 * Whether the files of an open store are still the ones that were opened.
 *
 * A process goes on writing to a file that was deleted or replaced, and notices nothing; what it writes is gone with its
 * end. So the files are looked at by name: device and inode must be those that were opened.
 *
 * **Invariant**: looks by `stat` alone and opens nothing, since closing a descriptor would drop SQLite's locks.
 */
import { statSync, type BigIntStats } from 'node:fs';
import { WAL_BYTES_KEPT } from './connection.ts';

interface KnownFile {
  path: string;
  dev: bigint;
  ino: bigint;
  /** The fewest bytes that it can have from now on. */
  bytesMin: bigint;
}

/** The files of one open store, as they were when it had been opened. */
export class FileIdentity {
  readonly #files: KnownFile[];

  /** Remembers files that exist; one that is not there is lost from the beginning. */
  constructor(paths: readonly string[]) {
    this.#files = paths.map((path) => {
      const stats = look(path);
      const bytesMin = leastBytes(path, stats?.size ?? 0n);
      return { path, dev: stats?.dev ?? -1n, ino: stats?.ino ?? -1n, bytesMin };
    });
  }

  /** Says what is wrong with the first file that is not as it was; null where all are. Costs a `stat` a file. */
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

/** How long a file must stay: SQLite never makes a store's file shorter, and cuts its log back to a limit only. */
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
