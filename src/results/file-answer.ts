/**
 * Decides how a request for a kept file is answered: whole, a part, not modified, or not at all (RFC 9110, sections 13 and 14).
 *
 * A kept file never changes, so its entity tag is the hash of its bytes. Several ranges in one request are answered with the
 * whole file, as the RFC allows.
 *
 * **Invariant**: pure; a span is within the file, and `content-length` is its length.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Ms } from '../units.ts';

/** A kept file, as it is answered. */
export interface AnsweredFile {
  bytes: number;
  /** Of its bytes, in hex. */
  sha256: string;
  mediaType: string;
  /** The name that a browser saves it under: ASCII without quotes and controls. */
  name: string;
  savedAt: Ms;
}

/** The part of a file that is sent, both ends inclusive. */
export interface Span {
  first: number;
  last: number;
}

export interface FileAnswer {
  status: 200 | 206 | 304 | 412 | 416;
  headers: Record<string, string>;
  /** The bytes to send; null for an answer without a body. */
  span: Span | null;
}

/** How long a cache may use a file without asking, and whether one that several callers share may keep it. */
export interface Caching {
  maxAgeMs: Ms;
  isShared: boolean;
}

/** Gives the answer to a GET or HEAD. */
export function fileAnswer(
  file: AnsweredFile,
  { method, headers }: { method: string; headers: IncomingHttpHeaders },
  caching: Caching,
): FileAnswer {
  const etag = `"${file.sha256}"`;
  const lastModified = new Date(file.savedAt).toUTCString();
  const common = {
    etag,
    'last-modified': lastModified,
    'accept-ranges': 'bytes',
    'cache-control': cacheControl(caching),
  };
  const state = conditionOf(headers, { etag, savedAt: file.savedAt });
  if (state !== 'passed') return { status: state, headers: common, span: null };
  const about = {
    ...common,
    'content-type': file.mediaType,
    'content-disposition': `inline; filename="${file.name}"`,
  };
  const range = method === 'GET' ? rangeOf(headers, { etag, lastModified }) : undefined;
  const span = range === undefined ? 'whole' : spanOf(range, file.bytes);
  if (span === 'outside') {
    const contentRange = `bytes */${file.bytes}`;
    return {
      status: 416,
      headers: { ...common, 'content-range': contentRange, 'content-length': '0' },
      span: null,
    };
  }
  if (span === 'whole') {
    const isSent = method === 'GET' && file.bytes > 0;
    const length = { 'content-length': String(file.bytes) };
    return {
      status: 200,
      headers: { ...about, ...length },
      span: isSent ? { first: 0, last: file.bytes - 1 } : null,
    };
  }
  const part = {
    'content-range': `bytes ${span.first}-${span.last}/${file.bytes}`,
    'content-length': String(span.last - span.first + 1),
  };
  return { status: 206, headers: { ...about, ...part }, span };
}

function cacheControl({ maxAgeMs, isShared }: Caching): string {
  const seconds = Math.max(0, Math.floor(maxAgeMs / 1000));
  return `${isShared ? 'public' : 'private'}, max-age=${seconds}, immutable`;
}

/** Evaluates the conditions in their order (RFC 9110, section 13.2.2). */
function conditionOf(
  headers: IncomingHttpHeaders,
  { etag, savedAt }: { etag: string; savedAt: Ms },
): 'passed' | 304 | 412 {
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!isListed(ifMatch, etag, 'strong')) return 412;
  } else if (isBefore(headers['if-unmodified-since'], savedAt)) return 412;
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) return isListed(ifNoneMatch, etag, 'weak') ? 304 : 'passed';
  const since = dateOf(headers['if-modified-since']);
  return since !== null && wholeSecond(savedAt) <= since ? 304 : 'passed';
}

function isListed(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true;
  const tags = list.split(',').map((tag) => tag.trim());
  return tags.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === etag);
}

function isBefore(header: string | undefined, savedAt: Ms): boolean {
  const date = dateOf(header);
  return date !== null && wholeSecond(savedAt) > date;
}

/** Only dates in the one form that HTTP writes; any other text is no condition. */
function dateOf(header: string | undefined): Ms | null {
  if (
    header === undefined ||
    !/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(header)
  )
    return null;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : date;
}

function wholeSecond(at: Ms): Ms {
  return Math.floor(at / 1000) * 1000;
}

/** Gives the range if it applies to this very file: `if-range` needs a strong entity tag or the exact date. */
function rangeOf(
  headers: IncomingHttpHeaders,
  validators: { etag: string; lastModified: string },
): string | undefined {
  const ifRange = headers['if-range'];
  const isSame = ifRange === undefined || ifRange === validators.etag || ifRange === validators.lastModified;
  return isSame ? headers.range : undefined;
}

/** Reads one byte range (RFC 9110, section 14.1.2); several of them, other units and wrong ones ask for the whole file. */
export function spanOf(range: string, length: number): Span | 'whole' | 'outside' {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(range);
  const [, from = '', to = ''] = match ?? [];
  if (from === '' && to === '') return 'whole';
  if (from === '') {
    const suffix = Number(to);
    if (suffix === 0 || length === 0) return 'outside';
    return { first: Math.max(0, length - suffix), last: length - 1 };
  }
  const first = Number(from);
  const last = to === '' ? length - 1 : Math.min(Number(to), length - 1);
  if (to !== '' && Number(to) < first) return 'whole';
  return first >= length ? 'outside' : { first, last };
}
