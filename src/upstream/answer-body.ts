/**
 * The forms of answers' bodies in HTTP: content codings, charsets, a byte order mark.
 *
 * We ask for `identity`, but a proxy between us and Kling may compress nevertheless. A body is decoded for our own use, and
 * for a caller that does not accept the coding; header and body always agree.
 *
 * **Invariant**: decoded sizes are bounded; nothing here throws for any bytes.
 */
import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import { readEnvelope, type Envelope } from '../kling/envelope.ts';
import { allOf, headerOf } from './headers.ts';

/** The most codings of one answer; HTTP clients refuse more as an attack, and here they stay undecoded. */
const CODINGS_MAX = 5;

type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';
const CODINGS: Readonly<Record<string, Coding>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
  zstd: 'zstd',
};

/**
 * Gives the codings to undo, the last applied first; none if the body is plain, or cannot be decoded: an unknown
 * coding, or a part of a coded body (206).
 */
export function codingsOf({ status, headers }: { status: number; headers: readonly string[] }): Coding[] {
  if (headerOf(headers, 'content-encoding') === null) return [];
  const names = allOf(headers, 'content-encoding')
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  const known = names.map((name) => (Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined));
  if (status === 206 || known.length > CODINGS_MAX) return [];
  const codings = known.filter((coding) => coding !== undefined);
  return codings.length === known.length ? codings.toReversed() : [];
}

/** Returns whether a caller accepts an answer in these codings (RFC 9110, section 12.5.3): any if it does not say. */
export function takesCodings(acceptEncoding: string | null, codings: readonly Coding[]): boolean {
  if (acceptEncoding === null) return true;
  const weights = new Map<string, boolean>();
  for (const item of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    weights.set(CODINGS[name] ?? name, !parameters.some((one) => /^q=0(\.0*)?$/.test(one)));
  }
  return codings.every((coding) => weights.get(coding) ?? weights.get('*') ?? false);
}

/** Headers that are about the coded bytes. */
const ABOUT_CODED = new Set([
  'content-encoding',
  'content-length',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges',
]);

/** Gives the header lines of an answer whose body was decoded; a strong entity tag becomes a weak one. */
export function decodedLines(lines: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [name = '', value = ''] = lines.slice(i, i + 2);
    const lower = name.toLowerCase();
    if (ABOUT_CODED.has(lower)) continue;
    kept.push(name, lower === 'etag' && value.startsWith('"') ? `W/${value}` : value);
  }
  return kept;
}

/** Decodes a whole body; null if it is damaged, lacks its end, or has more than `bytesMax` decoded bytes. */
export function decodeWhole(body: Buffer, codings: readonly Coding[], bytesMax: number): Buffer | null {
  let bytes = body;
  try {
    for (const coding of codings) bytes = decodeOnce(bytes, coding, bytesMax);
    return bytes;
  } catch {
    return null;
  }
}

function decodeOnce(bytes: Buffer, coding: Coding, maxOutputLength: number): Buffer {
  if (coding === 'gzip') return gunzipSync(bytes, { maxOutputLength });
  if (coding === 'br') return brotliDecompressSync(bytes, { maxOutputLength });
  if (coding === 'zstd') return zstdDecompressSync(bytes, { maxOutputLength });
  const inflate = isZlib(bytes[0]) ? inflateSync : inflateRawSync;
  return inflate(bytes, { maxOutputLength });
}

/** `deflate` means the zlib format (RFC 9110, section 8.4.1.2), and some servers send the raw one. */
function isZlib(first: number | undefined): boolean {
  return first !== undefined && (first & 0x0f) === 0x08;
}

/**
 * Opens the decoders of a body that comes in pieces, in order; `first` is the first byte of the body. A missing end is an
 * error: a caller must not read a part as the whole.
 */
export function openDecoders(codings: readonly Coding[], first: number | undefined): Duplex[] {
  return codings.map((coding, index) => {
    if (coding === 'gzip') return createGunzip();
    if (coding === 'br') return createBrotliDecompress();
    if (coding === 'zstd') return createZstdDecompress();
    return index > 0 || isZlib(first) ? createInflate() : createInflateRaw();
  });
}

/** Returns whether an answer's body may be JSON: all types except media. */
export function mayHoldJson(lines: readonly string[]): boolean {
  const type = headerOf(lines, 'content-type');
  return type === null || !/^\s*(?:video|audio|image|font|multipart)\/|octet-stream|zip/i.test(type);
}

/** Reads Kling's envelope from a decoded body of any type and charset; null if there is none. */
export function envelopeOf(lines: readonly string[], body: Buffer): Envelope | null {
  return readEnvelope(toUtf8(body, charsetOf(lines)));
}

function charsetOf(lines: readonly string[]): string | null {
  const type = headerOf(lines, 'content-type') ?? '';
  return /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(type)?.[1]?.toLowerCase() ?? null;
}

/** Gives the same text in UTF-8 without a byte order mark. Valid UTF-8 counts as UTF-8, also if the charset is another. */
function toUtf8(bytes: Buffer, charset: string | null): Buffer {
  const marked = markOf(bytes);
  if (marked === 'utf-8') return bytes.subarray(3);
  const isWide = charset?.startsWith('utf-16') === true;
  if (marked === null && !isWide && isUtf8(bytes)) return bytes;
  try {
    return Buffer.from(new TextDecoder(marked ?? charset ?? 'utf-8').decode(bytes));
  } catch {
    return bytes;
  }
}

function markOf(bytes: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' | null {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  return a === 0xfe && b === 0xff ? 'utf-16be' : null;
}
