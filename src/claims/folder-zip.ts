/**
 * A claim's folder as a zip archive, made while it is sent.
 *
 * The form is the oldest one (APPNOTE 6.3.10, www.pkware.com/appnote, read 2026-11-28), which every program reads: deflated entries, each
 * followed by its sum and sizes, then the central directory. So nothing must be known of a file before it is read.
 *
 * **Invariant**: one file of the folder is open at a time, and none once the archive is sent or given up. Memory does not grow with
 * the files, and no offset needs more than 32 bits.
 */
import { pipeline, Readable } from 'node:stream';
import { crc32, createDeflateRaw } from 'node:zlib';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import type { Claim } from './claim.ts';
import { listDocuments, openDocument } from './claim-folder.ts';

/** The largest folder that is sent, in bytes before it is compressed. */
const FOLDER_BYTES_MAX = 2 ** 31;

const VERSION = 20;
/** The sum and the sizes follow the data. */
const FLAGS = 0x0008;
const DEFLATED = 8;
/** Made on Unix, by version 2.0. */
const MADE_BY = (3 << 8) | VERSION;
/** A plain file that its owner may write and everybody may read. */
const MODE = 0o100_644;

/** Names a claim's archive and the folder in it. */
export function archiveName({ month, revision }: Pick<Claim, 'month' | 'revision'>): string {
  return `kling-claim-${month}-r${revision}`;
}

/**
 * Makes the archive of a claim's documents; the caller reads it to its end or destroys it.
 * @throws SidecarError `not_found` if the folder, its manifest or a file is missing, `body_too_large` above 2 GiB.
 */
export async function zipFolder(claim: Claim): Promise<Readable> {
  const documents = await listDocuments(claim);
  const files: ArchivedFile[] = [];
  for (const { name, bytes } of documents) {
    if (bytes !== null) files.push({ name, bytes });
    else
      throw new SidecarError(
        'not_found',
        `${name} is missing in ${claim.folder}; draft ${claim.month} again.`,
      );
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > FOLDER_BYTES_MAX) {
    const text = `The folder ${claim.folder} has ${total} bytes; at most ${FOLDER_BYTES_MAX} are sent. Take it from the disk.`;
    throw new SidecarError('body_too_large', text);
  }
  return Readable.from(archive(claim, files), { objectMode: false });
}

interface ArchivedFile {
  name: string;
  bytes: number;
}

/** What an entry's headers say. */
interface Entry {
  path: Buffer;
  /** Where it begins in the archive. */
  offset: number;
  time: number;
  date: number;
  crc: number;
  packed: number;
  bytes: number;
}

/** Gives the archive piece by piece. @throws the system's error if a file cannot be read any more. */
async function* archive(claim: Claim, files: readonly ArchivedFile[]): AsyncGenerator<Buffer> {
  const entries: Entry[] = [];
  let offset = 0;
  for (const file of files) {
    const path = Buffer.from(`${archiveName(claim)}/${file.name}`);
    const entry = { path, offset, ...dosTime(claim.draftedAt), crc: 0, packed: 0, bytes: 0 };
    const head = localHeader(entry);
    yield head;
    yield* deflated(claim.folder, file, entry);
    const end = descriptor(entry);
    yield end;
    offset += head.length + entry.packed + end.length;
    entries.push(entry);
  }
  const directory = Buffer.concat(entries.map(directoryEntry));
  yield directory;
  yield endOfDirectory({ entries: entries.length, bytes: directory.length, offset });
}

/** Gives a file's bytes compressed, and notes their sum and sizes. What the file gained since it was measured is left out. */
async function* deflated(
  folder: string,
  { name, bytes }: ArchivedFile,
  entry: Entry,
): AsyncGenerator<Buffer> {
  const handle = await openDocument(folder, name);
  const source = handle.createReadStream({ start: 0, end: Math.max(0, bytes - 1) });
  source.on('data', (piece) => {
    entry.crc = crc32(piece, entry.crc);
    entry.bytes += piece.length;
  });
  // An error of the file reaches the reader of what is deflated, and a reader that goes away closes the file.
  const output = pipeline(source, createDeflateRaw(), () => undefined);
  for await (const piece of output) {
    entry.packed += (piece as Buffer).length;
    yield piece as Buffer;
  }
}

/** Gives an instant as the two numbers that an archive has for it, in UTC, to two seconds. */
function dosTime(at: Ms): Pick<Entry, 'time' | 'date'> {
  const utc = new Date(at);
  return {
    time: (utc.getUTCHours() << 11) | (utc.getUTCMinutes() << 5) | (utc.getUTCSeconds() >> 1),
    date: ((utc.getUTCFullYear() - 1980) << 9) | ((utc.getUTCMonth() + 1) << 5) | utc.getUTCDate(),
  };
}

/** Numbers of 16 and 32 bits, in the order of the form. */
function numbers(...values: readonly (readonly [bits: 16 | 32, value: number])[]): Buffer {
  const buffer = Buffer.alloc(values.reduce((sum, [bits]) => sum + bits / 8, 0));
  let at = 0;
  for (const [bits, value] of values)
    at = bits === 16 ? buffer.writeUInt16LE(value, at) : buffer.writeUInt32LE(value, at);
  return buffer;
}

function localHeader({ path, time, date }: Entry): Buffer {
  const head = numbers(
    [32, 0x04034b50],
    [16, VERSION],
    [16, FLAGS],
    [16, DEFLATED],
    [16, time],
    [16, date],
    [32, 0],
    [32, 0],
    [32, 0],
    [16, path.length],
    [16, 0],
  );
  return Buffer.concat([head, path]);
}

function descriptor({ crc, packed, bytes }: Entry): Buffer {
  return numbers([32, 0x08074b50], [32, crc], [32, packed], [32, bytes]);
}

function directoryEntry({ path, offset, time, date, crc, packed, bytes }: Entry): Buffer {
  const head = numbers(
    [32, 0x02014b50],
    [16, MADE_BY],
    [16, VERSION],
    [16, FLAGS],
    [16, DEFLATED],
    [16, time],
    [16, date],
    [32, crc],
    [32, packed],
    [32, bytes],
    [16, path.length],
    // No extra field, no comment, on the first disk, nothing known of its content.
    [16, 0],
    [16, 0],
    [16, 0],
    [16, 0],
    [32, MODE * 0x10000],
    [32, offset],
  );
  return Buffer.concat([head, path]);
}

function endOfDirectory({
  entries,
  bytes,
  offset,
}: {
  entries: number;
  bytes: number;
  offset: number;
}): Buffer {
  return numbers(
    [32, 0x06054b50],
    [16, 0],
    [16, 0],
    [16, entries],
    [16, entries],
    [32, bytes],
    [32, offset],
    [16, 0],
  );
}
