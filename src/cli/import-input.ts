/** The file of an import: one on disk, or standard input kept beside until it has been read twice. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SidecarError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

/** What the audit calls standard input. */
export const STANDARD_INPUT = 'standard input';

export interface ImportInput {
  /** For people and the audit: the absolute path, or `standard input`. */
  name: string;
  bytes: number;
  /** Opens it from its beginning. */
  open(): { chunks: AsyncIterable<Uint8Array>; bytesRead(): number; close(): void };
  /** Forgets what was kept of standard input. */
  remove(): Promise<void>;
}

/**
 * Finds the file; `-` is standard input, which is kept in a temporary file that only this user can read: what is imported
 * is checked whole before anything is written.
 * @throws SidecarError `bad_usage` if it cannot be read.
 */
export async function openInput(terminal: Terminal, file: string): Promise<ImportInput> {
  if (file !== '-') return onDisk(path.resolve(terminal.cwd, file));
  const folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-import-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const target = path.join(folder, 'input');
    await pipeline(terminal.stdin, createWriteStream(target, { mode: 0o600 }));
    return { ...(await onDisk(target)), name: STANDARD_INPUT, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function onDisk(target: string): Promise<ImportInput> {
  const found = await stat(target).catch((cause: unknown) => {
    throw new SidecarError('bad_usage', `${target} cannot be read.`, { cause });
  });
  if (found.isDirectory()) throw new SidecarError('bad_usage', `${target} is a folder; name a file, or -.`);
  return {
    name: target,
    bytes: found.size,
    open() {
      const stream = createReadStream(target);
      return { chunks: stream, bytesRead: () => stream.bytesRead, close: () => stream.destroy() };
    },
    remove: () => Promise.resolve(),
  };
}
