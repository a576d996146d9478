/**
 * A claim's folder as a zip archive, made while it is sent.
 *
 * **Invariant**: an archive that ends holds every file of the manifest as it was when the archive began; where a file is
 * missing or changes, it breaks off before its directory, so that no program takes it for whole. One file is open at a time, and
 * none once the archive is sent or given up. Memory does not grow with the files.
 */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { SidecarError } from '../errors.ts';
import type { Claim } from './claim.ts';
import { isSameState, openDocument, stateOf, statDocuments, type DocumentState } from './claim-folder.ts';

/** A plain file that its owner may write and everybody may read. */
const MODE = 0o100_644;

/** Names a claim's archive and the folder in it. */
export function archiveName({ month, revision }: Pick<Claim, 'month' | 'revision'>): string {
  return `kling-claim-${month}-r${revision}`;
}

/**
 * Makes the archive of a claim's documents, the same bytes for the same files; the caller reads it to its end or destroys it. It
 * fails where a file changes or vanishes meanwhile.
 * @throws SidecarError `not_found` if the folder, its manifest or a file is missing.
 */
export async function zipFolder(claim: Claim): Promise<Readable> {
  const files = (await statDocuments(claim)).map(({ name, state }): ArchivedFile => {
    if (state !== null) return { path: join(claim.folder, name), name, state };
    const text = `${name} is missing in ${claim.folder}; draft ${claim.month} again.`;
    throw new SidecarError('not_found', text);
  });
  return Readable.from(archive(claim, files), { objectMode: false });
}

/** Gives the archive piece by piece; nothing is opened before the first one is asked for. @throws the error of {@link read}. */
async function* archive(claim: Claim, files: readonly ArchivedFile[]): AsyncGenerator<Buffer> {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  let source: Readable | null = null;
  output.once('close', () => source?.destroy());
  // All are as old as the draft: an archive that is made again is the same.
  const options = { mtime: new Date(claim.draftedAt), mode: MODE };
  for (const file of files) {
    // Each is opened when the one before it has been read.
    zip.addReadStreamLazy(`${archiveName(claim)}/${file.name}`, options, (take) => {
      source = Readable.from(read(claim.folder, file), { objectMode: false });
      source.on('error', (error) => zip.emit('error', error));
      take(null, source);
    });
  }
  zip.end();
  // A reader that goes away closes it.
  yield* output as AsyncIterable<Buffer>;
}

interface ArchivedFile {
  path: string;
  name: string;
  /** As it was when the archive began. */
  state: DocumentState;
}

/** Gives a file piece by piece. @throws the system's error, or Error if the file is not what it was. */
async function* read(folder: string, { path, name, state }: ArchivedFile): AsyncGenerator<Buffer> {
  const handle = await openDocument(folder, name);
  const check = async (): Promise<void> => {
    if (isSameState(await stateOf(handle), state)) return;
    throw new Error(`${path} changed while the archive was made; ask for the archive again`);
  };
  try {
    await check();
    // Never more than was there, however fast the file grows.
    if (state.bytes > 0) yield* handle.createReadStream({ end: state.bytes - 1, autoClose: false });
    await check();
  } finally {
    await handle.close();
  }
}
