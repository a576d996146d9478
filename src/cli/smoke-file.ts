/**
 * What a downloaded file is, by its own bytes, and whether it is there to its end.
 *
 * **Invariant**: neither the name nor what a server says of it counts.
 */
import { open, type FileHandle } from 'node:fs/promises';
import type { Product } from '../units.ts';

/** A kind of file that Kling's results have. */
export interface FileKind {
  type: string;
  extension: string;
  product: Product;
}

export interface FileCheck {
  /** Null if the bytes are of no kind that is known. */
  kind: FileKind | null;
  /** What is wrong with the file, as the end of a sentence about it; null for a whole one. */
  fault: string | null;
}

const MP4: FileKind = { type: 'video/mp4', extension: 'mp4', product: 'video' };
const PNG: FileKind = { type: 'image/png', extension: 'png', product: 'image' };
const JPEG: FileKind = { type: 'image/jpeg', extension: 'jpg', product: 'image' };
const WEBP: FileKind = { type: 'image/webp', extension: 'webp', product: 'image' };

const HEAD_BYTES = 12;
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** The last chunk of every PNG, with its checksum (RFC 2083). */
const PNG_END = Buffer.from('0000000049454e44ae426082', 'hex');
/** Top-level boxes looked at; a file of a camera has a dozen. */
const BOXES_MAX = 10_000;

/** Reads a file's first and last bytes and, of a video, its boxes. @throws the system's error if it cannot be read. */
export async function checkFile(file: string): Promise<FileCheck> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size === 0) return { kind: null, fault: 'is empty' };
    const head = await readAt(handle, 0, HEAD_BYTES);
    const kind = kindOf(head);
    if (kind === null)
      return { kind, fault: `is neither MP4, PNG, JPEG nor WebP: it begins with ${shown(head)}` };
    return { kind, fault: await faultOf(kind, handle, size) };
  } finally {
    await handle.close();
  }
}

function kindOf(head: Buffer): FileKind | null {
  if (head.toString('latin1', 4, 8) === 'ftyp') return MP4;
  if (head.subarray(0, 8).equals(PNG_SIGNATURE)) return PNG;
  if (head.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return JPEG;
  const isRiff = head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP';
  return isRiff ? WEBP : null;
}

/** The first bytes as text where they are plain, such as a page of HTML, else as hexadecimal digits. */
function shown(head: Buffer): string {
  const text = head.toString('latin1');
  return /^[\x20-\x7e\r\n]+$/.test(text) ? JSON.stringify(text) : head.toString('hex');
}

async function faultOf(kind: FileKind, handle: FileHandle, size: number): Promise<string | null> {
  if (kind === MP4) return await boxFault(handle, size);
  if (kind === WEBP) {
    const length = (await readAt(handle, 4, 4)).readUInt32LE() + 8;
    return length > size ? 'ends too early' : null;
  }
  if (kind === PNG) {
    const end = await readAt(handle, Math.max(0, size - PNG_END.length), PNG_END.length);
    return end.equals(PNG_END) ? null : 'ends too early';
  }
  const end = await readAt(handle, Math.max(0, size - 2), 2);
  return end.equals(Buffer.from('ffd9', 'hex')) ? null : 'ends too early';
}

/** Walks the boxes of an MP4 to the end (ISO/IEC 14496-12, section 4.2): a file that was cut ends within one. */
async function boxFault(handle: FileHandle, size: number): Promise<string | null> {
  const types = new Set<string>();
  let at = 0;
  for (let count = 0; at < size; count += 1) {
    if (count === BOXES_MAX) return `has more than ${BOXES_MAX} boxes`;
    const head = await readAt(handle, at, 16);
    if (head.length < 8) return 'ends too early';
    types.add(head.toString('latin1', 4, 8));
    const short = head.readUInt32BE();
    // 0: to the end of the file; 1: the length follows the type, in 64 bits.
    const length =
      short === 0 ? size - at : short === 1 && head.length === 16 ? Number(head.readBigUInt64BE(8)) : short;
    if (length < 8) return 'has a box without a length';
    at += length;
  }
  if (at > size) return 'ends too early';
  return types.has('moov') ? null : 'has no index of its content (the box moov)';
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
