/**
 * Kept results in a folder: `DAY/NAME` for whole files, `.parts/` for those that are being written.
 *
 * A part's name ends in the validator of its content, so that a start after a kill knows what it is of. It is synced before it is
 * renamed, and the folder after that.
 *
 * **Invariant**: outside `.parts` every file is whole. Files and folders are the user's own alone.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { ByteRange, KeptPart, ResultPart, ResultStore, SavedFile } from './result-store.ts';

export interface FolderOptions {
  /** Absolute; it is made when it is first needed. */
  dir: string;
  /** So much of its disk stays free. */
  freeBytesMin: () => number;
}

const PARTS = '.parts';
const PART_END = '.part';
/** A longer validator is not kept: a file's name has 255 bytes. */
const VALIDATOR_CHARS_MAX = 120;
const READ_BYTES = 262_144;
/** Of a file that is being served: each of many slow readers holds a few such pieces. */
const SENT_BYTES = 65_536;

/** Opens a folder as destination; nothing is made before the first part. */
export function openFolderStore({ dir, freeBytesMin }: FolderOptions): ResultStore {
  const parts = path.join(dir, PARTS);
  const placeOf = (name: string): string => path.join(dir, name);
  const beginning = (name: string): string => `${name.replaceAll('/', '_')}.`;
  const partsOf = async (name: string): Promise<string[]> =>
    (await namesIn(parts)).filter((each) => each.startsWith(beginning(name)));
  const kept = async (name: string): Promise<(KeptPart & { file: string }) | null> => {
    for (const each of await partsOf(name)) {
      const validator = validatorOf(each.slice(beginning(name).length));
      const file = path.join(parts, each);
      const found = await statOf(file);
      if (validator !== null && found !== null && found > 0) return { bytes: found, validator, file };
    }
    return null;
  };
  return {
    place: 'folder',
    async kept(name) {
      const found = await kept(name);
      return found && { bytes: found.bytes, validator: found.validator };
    },
    async begin(name, validator) {
      await makeFolder(parts);
      for (const each of await partsOf(name)) await rm(path.join(parts, each), { force: true });
      const file = path.join(parts, `${beginning(name)}${textOf(validator)}${PART_END}`);
      const handle = await open(file, 'wx', 0o600);
      return new FolderPart({ file, target: placeOf(name), handle, hash: createHash('sha256'), bytes: 0 });
    },
    async resume(name, onEarlier) {
      const found = await kept(name);
      if (found === null) throw new Error(`there is no part of ${name}`);
      const handle = await open(found.file, 'r+');
      const hash = createHash('sha256');
      const bytes = await readThrough(handle, (piece) => {
        hash.update(piece);
        onEarlier?.(piece);
      });
      return new FolderPart({ file: found.file, target: placeOf(name), handle, hash, bytes });
    },
    async find(name) {
      const handle = await open(placeOf(name), 'r').catch(absent);
      if (handle === null) return null;
      try {
        const hash = createHash('sha256');
        const bytes = await readThrough(handle, (piece) => void hash.update(piece));
        return { bytes, sha256: hash.digest('hex') };
      } finally {
        await handle.close();
      }
    },
    async dropParts(isWanted) {
      let dropped = 0;
      for (const each of await namesIn(parts)) {
        const name = nameIn(each);
        if (name !== null && (await isWanted(name))) continue;
        await rm(path.join(parts, each), { force: true });
        dropped += 1;
      }
      return dropped;
    },
    open: (name, range) => openFile(placeOf(name), range),
    remove: (name) => rm(placeOf(name), { force: true }),
    async roomBytes() {
      await makeFolder(dir);
      const { bavail, bsize } = await statfs(dir);
      return bavail * bsize - freeBytesMin();
    },
    close: () => Promise.resolve(),
  };
}

interface PartState {
  file: string;
  target: string;
  handle: FileHandle;
  hash: Hash;
  bytes: number;
}

class FolderPart implements ResultPart {
  readonly #state: PartState;

  constructor(state: PartState) {
    this.#state = state;
  }

  get bytes(): number {
    return this.#state.bytes;
  }

  async append(piece: Uint8Array): Promise<void> {
    const { handle, hash } = this.#state;
    for (let at = 0; at < piece.length;) {
      at += (await handle.write(piece, at, piece.length - at, this.#state.bytes + at)).bytesWritten;
    }
    hash.update(piece);
    this.#state.bytes += piece.length;
  }

  digest(): string {
    return this.#state.hash.copy().digest('hex');
  }

  async commit(): Promise<SavedFile> {
    const { file, target, handle, bytes } = this.#state;
    await handle.sync();
    await handle.close();
    await makeFolder(path.dirname(target));
    await rename(file, target);
    await syncFolder(path.dirname(target));
    return { bytes, sha256: this.digest() };
  }

  async leave(): Promise<void> {
    await this.#state.handle.close().catch(() => undefined);
  }

  async drop(): Promise<void> {
    await this.leave();
    await rm(this.#state.file, { force: true }).catch(() => undefined);
  }
}

/** Writes a validator as a part of a file's name; empty for none. */
function textOf(validator: string | null): string {
  return validator === null || validator.length > VALIDATOR_CHARS_MAX
    ? ''
    : Buffer.from(validator).toString('base64url');
}

/** Reads the validator in the end of a part's name; null if there is none. */
function validatorOf(end: string): string | null {
  if (!end.endsWith(PART_END)) return null;
  const text = end.slice(0, -PART_END.length);
  return text === '' ? null : Buffer.from(text, 'base64url').toString();
}

/** Gives the name of the file that a part is of; null if it is none of ours. */
function nameIn(part: string): string | null {
  const [, day, file] = /^(\d{4}-\d\d-\d\d)_([^.]+\.[a-z0-9]+)\.[^.]*\.part$/.exec(part) ?? [];
  return file === undefined ? null : `${day}/${file}`;
}

async function openFile(file: string, range?: ByteRange): Promise<Readable | null> {
  const handle = await open(file, 'r').catch(absent);
  if (handle === null) return null;
  const span = range === undefined ? {} : { start: range.first, end: range.last };
  return createReadStream(file, { fd: handle, highWaterMark: SENT_BYTES, ...span });
}

/** Gives all bytes of a file to `take`, in pieces; gives their number. */
async function readThrough(handle: FileHandle, take: (piece: Uint8Array) => void): Promise<number> {
  const buffer = Buffer.alloc(READ_BYTES);
  for (let bytes = 0; ;) {
    const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, bytes);
    if (bytesRead === 0) return bytes;
    take(buffer.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}

/** Makes a folder that is missing, durably. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first !== undefined) await syncFolder(path.dirname(first));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(absent)) ?? [];
}

async function statOf(file: string): Promise<number | null> {
  return (await stat(file).catch(absent))?.size ?? null;
}

function absent(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
