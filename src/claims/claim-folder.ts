/**
 * The folder of a claim as it is on the disk: what its manifest lists, and its letters.
 *
 * An operator reads a draft before it is sent, and may edit it: what is on the disk is what is sent. The manifest says whether a
 * file is the one that was drafted.
 *
 * **Invariant**: only files that the manifest lists are read, each under a plain name within the folder and never through a
 * link. Nothing here is written.
 */
import { createHash } from 'node:crypto';
import { constants, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { SidecarError } from '../errors.ts';
import type { Claim } from './claim.ts';

export const MANIFEST_NAME = 'manifest.sha256';
/** The letter for each language, as text that can be sent. */
export const LETTER_FILES = { en: 'claim.en.md', zh: 'claim.zh.md' } as const;

/** What a letter has in place of what the config does not say, to be filled in by hand. */
export const BLANK = '…………………';

/** Nine files are drafted; an operator may list some more. */
const DOCUMENTS_MAX = 50;
const MANIFEST_BYTES_MAX = 64 * 1024;
/** A letter has some ten thousand characters. */
const LETTER_BYTES_MAX = 1024 * 1024;
const LINE = /^([0-9a-f]{64}) {2}([a-z0-9][a-z0-9._-]{0,99})$/;

/** A file of the folder. */
export interface FolderDocument {
  name: string;
  /** Null if it is missing, or no plain file. */
  bytes: number | null;
}

/** By what a change of a file is seen. */
export interface DocumentState {
  bytes: number;
  /** When its content was last written, by the file system's clock. */
  writtenAtNs: bigint;
  inode: bigint;
}

export interface Letter {
  file: string;
  markdown: string;
  /** Whether the draft had this very text. */
  isAsDrafted: boolean;
}

/** Where a claim's files are, and the manifest's hash when it was drafted. */
type Folder = Pick<Claim, 'folder' | 'manifest' | 'month'>;

/** Lists the files of a claim: those of its manifest, and the manifest. @throws SidecarError `not_found`. */
export async function listDocuments(claim: Folder): Promise<FolderDocument[]> {
  const found = await statDocuments(claim);
  return found.map(({ name, state }) => ({ name, bytes: state?.bytes ?? null }));
}

/** Looks at each file of {@link listDocuments}: null if it is missing, or no plain file. @throws SidecarError `not_found`. */
export async function statDocuments(claim: Folder): Promise<{ name: string; state: DocumentState | null }[]> {
  const { hashes } = await readManifest(claim);
  return Promise.all(
    [...hashes.keys(), MANIFEST_NAME].map(async (name) => ({
      name,
      state: await stateByName(claim.folder, name),
    })),
  );
}

/** Reads a letter. @throws SidecarError `not_found` if the folder or the letter cannot be read. */
export async function readLetter(claim: Folder, language: keyof typeof LETTER_FILES): Promise<Letter> {
  const file = LETTER_FILES[language];
  const { hashes, isAsDrafted } = await readManifest(claim);
  const bytes = await readWhole(claim, file, LETTER_BYTES_MAX);
  return {
    file,
    markdown: bytes.toString('utf8'),
    isAsDrafted: isAsDrafted && hashes.get(file) === sha256(bytes),
  };
}

/** Opens a plain file of a claim's folder; the caller closes it. @throws the system's error. */
export async function openDocument(folder: string, name: string): Promise<FileHandle> {
  // A link is refused, and a pipe does not wait for its writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(join(folder, name), flags);
  try {
    if ((await handle.stat()).isFile()) return handle;
    throw new Error(`${join(folder, name)} is no plain file`);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function stateByName(folder: string, name: string): Promise<DocumentState | null> {
  const handle = await openDocument(folder, name).catch(() => null);
  if (handle === null) return null;
  try {
    return await stateOf(handle);
  } finally {
    await handle.close();
  }
}

/** Reads the state of an open file. @throws the system's error. */
export async function stateOf(handle: FileHandle): Promise<DocumentState> {
  const { size, mtimeNs, ino } = await handle.stat({ bigint: true });
  return { bytes: Number(size), writtenAtNs: mtimeNs, inode: ino };
}

/** Says whether a file is still what it was. */
export function isSameState(one: DocumentState, other: DocumentState): boolean {
  return one.bytes === other.bytes && one.writtenAtNs === other.writtenAtNs && one.inode === other.inode;
}

interface Manifest {
  /** SHA-256 by name. */
  hashes: ReadonlyMap<string, string>;
  /** Whether it is the manifest that was drafted. */
  isAsDrafted: boolean;
}

async function readManifest(claim: Folder): Promise<Manifest> {
  const bytes = await readWhole(claim, MANIFEST_NAME, MANIFEST_BYTES_MAX);
  const lines = bytes.toString('utf8').trimEnd().split('\n');
  const found = lines.flatMap((line): [string, string][] => {
    const [, hash = '', name = ''] = LINE.exec(line) ?? [];
    return name === '' ? [] : [[name, hash]];
  });
  const hashes = new Map(found);
  if (hashes.size === lines.length && hashes.size <= DOCUMENTS_MAX && !hashes.has(MANIFEST_NAME))
    return { hashes, isAsDrafted: sha256(bytes) === claim.manifest };
  throw new SidecarError(
    'not_found',
    `${join(claim.folder, MANIFEST_NAME)} is no list of files; ${remedy(claim)}`,
  );
}

async function readWhole(claim: Folder, name: string, bytesMax: number): Promise<Buffer> {
  const path = join(claim.folder, name);
  try {
    const handle = await openDocument(claim.folder, name);
    try {
      const { size } = await handle.stat();
      if (size > bytesMax) throw new Error(`it has ${size} bytes; at most ${bytesMax} are read`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new SidecarError('not_found', `${path} cannot be read; ${remedy(claim)}`, { cause });
  }
}

function remedy({ month }: Folder): string {
  return `draft ${month} again: what was edited is kept beside it.`;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
