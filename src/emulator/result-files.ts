/**
 * Result URLs: signed, expiring, protected against hotlinking, with ranges and validators.
 *
 * **Invariant**: without the right token, or 30 days after the result was made (by the emulator's age), the answer
 * is 403 (kling-api.md, section 5). A download needs no credentials of the account.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Ms } from '../units.ts';
import type { EmulatorTime } from './emulator-time.ts';
import { RESULT_LIFE_MS } from './media-library.ts';
import type { Reply, ReplyHeaders } from './replies.ts';
import { sampleFile, type SampleFile } from './sample-media.ts';

export const FILES_PREFIX = '/files/';

export interface ResultFiles {
  /** Gives the URL of a result that is made at `readyAgeMs`. */
  url(owner: string, name: string, readyAgeMs: Ms): string;
  /** Answers a download: 200, 206, 304, 403, 404, 405 or 416. */
  serve(request: FileRequest): Reply;
}

export interface FileRequest {
  method: string;
  /** Path and query as received. */
  target: string;
  headers: IncomingHttpHeaders;
}

interface FilesInput {
  time: EmulatorTime;
  /** The emulator's origin, without a trailing slash. */
  origin: () => string;
  videoBytes: number;
}

/** Makes the file side of one account; URLs of another instance are not accepted. */
export function createResultFiles({ time, origin, videoBytes }: FilesInput): ResultFiles {
  const key = randomBytes(32);
  const sign = (path: string, expires: string): string =>
    createHmac('sha256', key).update(`${path}\n${expires}`).digest('base64url');
  const isSigned = (path: string, query: URLSearchParams): boolean => {
    const expires = query.get('expires') ?? '';
    const given = Buffer.from(query.get('token') ?? '');
    const right = Buffer.from(sign(path, expires));
    return given.length === right.length && timingSafeEqual(given, right) && time.ageMs() < Number(expires);
  };
  return {
    url(owner, name, readyAgeMs) {
      const path = `${FILES_PREFIX}${owner}/${name}`;
      const expires = String(Math.ceil(readyAgeMs + RESULT_LIFE_MS));
      return `${origin()}${path}?expires=${expires}&token=${sign(path, expires)}`;
    },
    serve({ method, target, headers }) {
      const [path = '', search = ''] = target.split('?', 2);
      if (method !== 'GET' && method !== 'HEAD')
        return plain(405, 'method not allowed', { allow: 'GET, HEAD' });
      if (!isSigned(path, new URLSearchParams(search)))
        return plain(403, 'AccessDenied: expired or not signed');
      const file = sampleFile(path.slice(path.lastIndexOf('.') + 1), path, videoBytes);
      return file === undefined ? plain(404, 'NoSuchKey') : fileReply(file, headers);
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

function fileReply({ bytes, contentType }: SampleFile, headers: IncomingHttpHeaders): Reply {
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
  const common = { 'content-type': contentType, etag, 'accept-ranges': 'bytes' };
  if (headers['if-none-match'] === etag)
    return { kind: 'bytes', status: 304, headers: common, body: Buffer.alloc(0) };
  const condition = headers['if-range'];
  const range = condition === undefined || condition === etag ? headers.range : undefined;
  if (range === undefined) return { kind: 'bytes', status: 200, headers: common, body: bytes };
  const span = spanOf(range, bytes.length);
  if (span === 'ignored') return { kind: 'bytes', status: 200, headers: common, body: bytes };
  if (span === 'outside')
    return plain(416, 'range not satisfiable', { 'content-range': `bytes */${bytes.length}` });
  const contentRange = `bytes ${span.first}-${span.last}/${bytes.length}`;
  const body = bytes.subarray(span.first, span.last + 1);
  return { kind: 'bytes', status: 206, headers: { ...common, 'content-range': contentRange }, body };
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
