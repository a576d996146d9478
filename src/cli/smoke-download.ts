/**
 * Downloads a result of Kling's into a file.
 *
 * **Invariant**: a file under its own name is whole; of a download that fails nothing is left.
 */
import { createHash } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Dispatcher } from 'undici';
import {
  AGAIN,
  agentOf,
  codeOf,
  DownloadFailed,
  failureOf,
  follow,
  giveUp,
  headerOf,
  IDLE_MS,
  isOfDisk,
  lengthOf,
  watch,
  type DownloadOptions,
} from '../results/result-request.ts';

export interface Downloaded {
  bytes: number;
  /** Of the content, in hexadecimal digits. */
  sha256: string;
  /** As the server says it. */
  contentType: string | null;
}

const BYTES_MAX = 1_073_741_824;

/**
 * Downloads to `part`, a file that is made anew; the caller renames it by {@link keep} or removes it.
 * @throws DownloadFailed; the part file is removed then.
 */
export async function download(address: string, part: string, options: DownloadOptions): Promise<Downloaded> {
  // What an earlier run left is no part of this download.
  await rm(part, { force: true });
  const agent = agentOf(options.rules);
  try {
    const { answer, host } = await follow(address, agent, options);
    return await save(whole(answer, host), part, options);
  } finally {
    await agent.destroy();
  }
}

function whole(answer: Dispatcher.ResponseData, host: string): Dispatcher.ResponseData {
  const { statusCode } = answer;
  if (statusCode === 200) return answer;
  giveUp(answer);
  const advice =
    statusCode === 403
      ? 'Addresses of results are signed and expire: ask for the task again, and download at once.'
      : AGAIN;
  throw new DownloadFailed('status', `${host} answered ${statusCode} where the result should be.`, advice);
}

/** Gives a downloaded file its own name, durably. */
export async function keep(part: string, file: string): Promise<void> {
  await rename(part, file);
  const folder = await open(path.dirname(file), 'r');
  await folder.sync().finally(() => folder.close());
}

async function save(
  answer: Dispatcher.ResponseData,
  part: string,
  { rules, clock, signal }: DownloadOptions,
): Promise<Downloaded> {
  const { bytesMax = BYTES_MAX, idleMs = IDLE_MS } = rules;
  const announced = lengthOf(answer);
  const file = await create(part, answer);
  const limit = watch(clock, idleMs, signal);
  const give = (): void => void answer.body.destroy(new Error('given up'));
  limit.signal.addEventListener('abort', give, { once: true });
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      limit.again();
      bytes += piece.length;
      if (bytes > bytesMax) {
        throw new DownloadFailed(
          'too_large',
          `The result has more than ${bytesMax} bytes: it was given up.`,
          'Download it yourself.',
        );
      }
      hash.update(piece);
      await write(file, piece);
    }
    if (announced !== null && announced !== bytes) throw cut(bytes, announced);
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(part, { force: true });
    if (error instanceof DownloadFailed) throw error;
    if (isOfDisk(error)) throw diskFailure(part, error);
    throw limit.isLate() || signal.aborted
      ? failureOf(error, { host: 'The server', isLate: limit.isLate(), signal })
      : cut(bytes, announced);
  } finally {
    limit.end();
  }
  await file.close();
  return { bytes, sha256: hash.digest('hex'), contentType: headerOf(answer.headers['content-type']) };
}

async function create(part: string, answer: Dispatcher.ResponseData): Promise<FileHandle> {
  try {
    return await open(part, 'wx', 0o644);
  } catch (error) {
    giveUp(answer);
    throw diskFailure(part, error);
  }
}

async function write(file: FileHandle, piece: Buffer): Promise<void> {
  for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten;
}

function diskFailure(part: string, error: unknown): DownloadFailed {
  return new DownloadFailed(
    'disk',
    `${part} cannot be written (${codeOf(error) || 'an error'}).`,
    'Make room, or name another place with --out.',
  );
}

function cut(bytes: number, announced: number | null): DownloadFailed {
  const of = announced === null ? '' : ` of ${announced}`;
  return new DownloadFailed('cut', `The download broke off after ${bytes}${of} bytes.`, AGAIN);
}
