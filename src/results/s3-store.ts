/**
 * Kept results in a bucket (`results.s3`): each file is downloaded to this disk first, and stored from there once it is whole.
 *
 * So a download is gone on with after a kill as one for a folder is, the hash is known before the upload begins, and a bucket that
 * is away for a while costs no second download. The copy on this disk is removed once the bucket has the file.
 *
 * **Invariant**: what the bucket has under a file's name is whole. A kill leaves at most a file of this disk, which the next try
 * stores, or the next start removes.
 */
import { open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { mediaTypeOf, SNIFFED_BYTES } from './media-type.ts';
import { DownloadFailed } from './result-request.ts';
import type { ResultPart, ResultStore, SavedFile } from './result-store.ts';
import { BucketFailed, type S3Bucket } from './s3-bucket.ts';

export interface S3StoreOptions {
  bucket: Pick<S3Bucket, 'put' | 'head' | 'get' | 'remove' | 'close'>;
  /** Before each name in the bucket; empty or ending in a slash. */
  prefix: string;
  /** Downloads, and files that are not stored yet. */
  local: ResultStore;
  /** The folder of `local`, absolute. */
  dir: string;
}

/** A larger object cannot be stored by one request. */
const OBJECT_BYTES_MAX = 5 * 1_073_741_824;

/** Opens a bucket as destination; nothing is asked or written before the first file. */
export function openS3Store({ bucket, prefix, local, dir }: S3StoreOptions): ResultStore {
  const store = async (name: string, saved: SavedFile, type?: string): Promise<SavedFile> => {
    const file = path.join(dir, name);
    if (saved.bytes > OBJECT_BYTES_MAX) {
      await rm(file, { force: true });
      const text = `The file has ${saved.bytes} bytes; a bucket takes ${OBJECT_BYTES_MAX} in one request.`;
      throw new DownloadFailed('too_large', text, 'Set results.fileGiBMax to 5 at most.');
    }
    const contentType = type ?? (await typeOf(file));
    await asDownload(bucket.put(prefix + name, { ...saved, file, contentType }));
    await local.remove(name);
    return saved;
  };
  const partOf = (name: string, part: ResultPart): ResultPart => ({
    get bytes() {
      return part.bytes;
    },
    append: (piece) => part.append(piece),
    digest: () => part.digest(),
    commit: async (contentType) => await store(name, await part.commit(contentType), contentType),
    leave: () => part.leave(),
    drop: () => part.drop(),
  });
  return {
    place: 's3',
    kept: (name) => local.kept(name),
    begin: async (name, validator) => partOf(name, await local.begin(name, validator)),
    resume: async (name, onEarlier) => partOf(name, await local.resume(name, onEarlier)),
    async find(name) {
      const waiting = await local.find(name);
      if (waiting !== null) return await store(name, waiting);
      // While the bucket is away the file is downloaded nevertheless: Kling's address works for a limited time.
      const stored = await bucket.head(prefix + name).catch(awayAsNone);
      return stored?.sha256 ? { bytes: stored.bytes, sha256: stored.sha256 } : null;
    },
    async dropParts(isWanted) {
      let dropped = await local.dropParts(isWanted);
      for (const name of await namesIn(dir)) {
        if (await isWanted(name)) continue;
        await local.remove(name);
        dropped += 1;
      }
      return dropped;
    },
    open: (name, range) => bucket.get(prefix + name, range),
    remove: (name) => bucket.remove(prefix + name),
    roomBytes: () => local.roomBytes(),
    async close() {
      await bucket.close();
      await local.close();
    },
  };
}

/** Gives the failure of a bucket as one of a download, which is tried again. */
async function asDownload<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof BucketFailed)) throw error;
    throw new DownloadFailed(
      'bucket',
      error.message,
      'See whether results.s3 and its credentials are right.',
    );
  }
}

function awayAsNone(error: unknown): null {
  if (error instanceof BucketFailed) return null;
  throw error;
}

async function typeOf(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
    return mediaTypeOf(buffer.subarray(0, bytesRead)).type;
  } finally {
    await handle.close();
  }
}

/** Gives the names of files that are whole: `DAY/FILE`. */
async function namesIn(dir: string): Promise<string[]> {
  const days = (await readdir(dir).catch(absent)).filter((day) => /^\d{4}-\d\d-\d\d$/.test(day));
  const names = await Promise.all(
    days.map(async (day) =>
      (await readdir(path.join(dir, day)).catch(absent)).map((file) => `${day}/${file}`),
    ),
  );
  return names.flat();
}

function absent(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}
