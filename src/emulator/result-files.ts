/**
 * Result URLs: signed, expiring, protected against hotlinking, with ranges and validators; and their faults.
 *
 * **Invariant**: without the right token, or 30 days after the result was made (by the emulator's age), the answer
 * is 403 (kling-api.md, section 5). A download needs no credentials of the account. A file's bytes change only by the
 * fault `file_changed`.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Ms } from '../units.ts';
import type { EmulatorTime } from './emulator-time.ts';
import type { FaultKind } from './fault-kinds.ts';
import { RESULT_LIFE_MS } from './media-library.ts';
import type { Reply, ReplyHeaders } from './replies.ts';
import { checkVideoBytes, sampleFile, type SampleFile } from './sample-media.ts';

export const FILES_PREFIX = '/files/';

export interface ResultFiles {
  /** Gives the URL of a result that is made at `readyAgeMs`. */
  url(owner: string, name: string, readyAgeMs: Ms): string;
  /** Gives the videos of an owner another size than the usual one. */
  setVideoBytes(owner: string, bytes: number): void;
  /** Answers a download: 200, 206, 302, 304, 403, 404, 405 or 416. */
  serve(request: FileRequest): Reply;
}

export interface FileRequest {
  method: string;
  /** Path and query as received. */
  target: string;
  headers: IncomingHttpHeaders;
  /** The fault of this download. */
  fault: { kind: FaultKind; status?: number; location?: string } | undefined;
}

interface FilesInput {
  time: EmulatorTime;
  /** The emulator's origin, without a trailing slash. */
  origin: () => string;
  /** The usual size of a video. */
  resultBytes: number;
}

/** Makes the file side of one account; URLs of another instance are not accepted. */
export function createResultFiles({ time, origin, resultBytes }: FilesInput): ResultFiles {
  const key = randomBytes(32);
  /** The sizes of videos by owner, where it is not the usual one; how often a file was changed, by path. */
  const sizes = new Map<string, number>();
  const versions = new Map<string, number>();
  checkVideoBytes(resultBytes);
  const sign = (path: string, expires: string): string =>
    createHmac('sha256', key).update(`${path}\n${expires}`).digest('base64url');
  const isSigned = (path: string, query: URLSearchParams): boolean => {
    const expires = query.get('expires') ?? '';
    const given = Buffer.from(query.get('token') ?? '');
    const right = Buffer.from(sign(path, expires));
    return given.length === right.length && timingSafeEqual(given, right) && time.ageMs() < Number(expires);
  };
  const fileAt = (path: string): { file: SampleFile; etag: string } | undefined => {
    const version = versions.get(path) ?? 0;
    const seed = version === 0 ? path : `${path} ${version}`;
    const bytes = sizes.get(path.split('/', 3)[2] ?? '') ?? resultBytes;
    const file = sampleFile(path.slice(path.lastIndexOf('.') + 1), seed, bytes);
    const digest = createHash('sha256').update(`${seed}\n${bytes}`).digest('hex');
    return file === undefined ? undefined : { file, etag: `"${digest.slice(0, 32)}"` };
  };
  return {
    url(owner, name, readyAgeMs) {
      const path = `${FILES_PREFIX}${owner}/${name}`;
      const expires = String(Math.ceil(readyAgeMs + RESULT_LIFE_MS));
      return `${origin()}${path}?expires=${expires}&token=${sign(path, expires)}`;
    },
    setVideoBytes: (owner, bytes) => void sizes.set(owner, bytes),
    serve({ method, target, headers, fault }) {
      const [path = '', search = ''] = target.split('?', 2);
      if (method !== 'GET' && method !== 'HEAD')
        return plain(405, 'method not allowed', { allow: 'GET, HEAD' });
      if (!isSigned(path, new URLSearchParams(search)) || fault?.kind === 'file_expired')
        return plain(403, 'AccessDenied: expired or not signed');
      if (fault?.kind === 'file_changed') versions.set(path, (versions.get(path) ?? 0) + 1);
      if (fault?.kind === 'file_redirect')
        return plain(fault.status ?? 302, 'moved', { location: fault.location ?? `${origin()}${target}` });
      const found = fileAt(path);
      if (found === undefined) return plain(404, 'NoSuchKey');
      const { file, etag } = found;
      if (fault?.kind === 'file_416') return outside(file);
      return fileReply({ file, etag, headers, takesRanges: fault?.kind !== 'file_no_ranges' });
    },
  };
}

function plain(status: number, text: string, headers: ReplyHeaders = {}): Reply {
  return {
    kind: 'bytes',
    status,
    headers: { 'content-type': 'text/plain', ...headers },
    body: Buffer.from(text),
  };
}

interface FileAnswer {
  file: SampleFile;
  etag: string;
  headers: IncomingHttpHeaders;
  takesRanges: boolean;
}

function fileReply({ file, etag, headers, takesRanges }: FileAnswer): Reply {
  const { body, contentType } = file;
  const ranges: ReplyHeaders = takesRanges ? { 'accept-ranges': 'bytes' } : {};
  const common: ReplyHeaders = { 'content-type': contentType, etag, ...ranges };
  if (headers['if-none-match'] === etag)
    return { kind: 'bytes', status: 304, headers: common, body: Buffer.alloc(0) };
  const condition = headers['if-range'];
  const isWanted = takesRanges && (condition === undefined || condition === etag);
  const span = isWanted && headers.range !== undefined ? spanOf(headers.range, body.length) : 'ignored';
  if (span === 'ignored') return { kind: 'file', status: 200, headers: common, body };
  if (span === 'outside') return outside(file);
  const { first, last } = span;
  return {
    kind: 'file',
    status: 206,
    headers: { ...common, 'content-range': `bytes ${first}-${last}/${body.length}` },
    body: { length: last - first + 1, read: (offset, length) => body.read(first + offset, length) },
  };
}

function outside({ body }: SampleFile): Reply {
  return plain(416, 'range not satisfiable', { 'content-range': `bytes */${body.length}` });
}

/** Reads one byte range (RFC 9110, section 14.1.2); several ranges and other units are ignored. */
function spanOf(range: string, length: number): { first: number; last: number } | 'ignored' | 'outside' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range);
  if (match === null || (match[1] === '' && match[2] === '')) return 'ignored';
  if (match[1] === '') {
    const suffix = Number(match[2]);
    return suffix === 0 ? 'outside' : { first: Math.max(0, length - suffix), last: length - 1 };
  }
  const first = Number(match[1]);
  const last = match[2] === '' ? length - 1 : Math.min(Number(match[2]), length - 1);
  if (first >= length) return 'outside';
  return last < first ? 'ignored' : { first, last };
}
