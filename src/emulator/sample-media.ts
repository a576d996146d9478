/**
 * Real files, for the emulator's result URLs: small ones, and videos of any size up to 2 GiB.
 *
 * **Invariant**: the same name and seed give the same bytes, another seed other bytes, so that a download can be
 * compared with its source and two results are never equal. Nothing is kept: each part is made when it is read. No part
 * of a video repeats within it, so that bytes at a wrong place are noticed.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import type { BodySource } from './replies.ts';

export interface SampleFile {
  contentType: string;
  body: BodySource;
}

/** The largest video: the length of its data box has 32 bits. */
const VIDEO_BYTES_MAX = 2 ** 31;

/** Throws if a video cannot have this size. */
export function checkVideoBytes(bytes: number): void {
  if (Number.isInteger(bytes) && bytes >= 0 && bytes <= VIDEO_BYTES_MAX) return;
  throw new Error(`the size of a video must be a whole number from 0 to ${VIDEO_BYTES_MAX}, not ${bytes}`);
}

/** Makes a file by its extension (`mp4`, `png`, `mp3`, `wav`); videos are padded to `videoBytes`. */
export function sampleFile(extension: string, seed: string, videoBytes: number): SampleFile | undefined {
  switch (extension) {
    case 'mp4':
      return { contentType: 'video/mp4', body: mp4(seed, videoBytes) };
    case 'png':
      return { contentType: 'image/png', body: sourceOf(png(seed)) };
    case 'mp3':
      return { contentType: 'audio/mpeg', body: sourceOf(mp3(seed)) };
    case 'wav':
      return { contentType: 'audio/wav', body: sourceOf(wav(seed)) };
    default:
      return undefined;
  }
}

/** Gives bytes as a source of a body. */
export function sourceOf(bytes: Buffer): BodySource {
  return {
    length: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

function noise(seed: string, length: number): Buffer {
  const block = createHash('sha256').update(seed).digest();
  return Buffer.alloc(length, block);
}

/** An ISO base media box: length, four letters, content (ISO/IEC 14496-12, section 4.2). */
function box(type: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

const BLOCK_BYTES = 16;

/** Endless bytes of a seed that can be read from any offset: the key stream of AES in counter mode. */
function endlessNoise(seed: string, offset: number, length: number): Buffer {
  const first = Math.floor(offset / BLOCK_BYTES);
  const skipped = offset - first * BLOCK_BYTES;
  const counter = Buffer.alloc(BLOCK_BYTES);
  counter.writeBigUInt64BE(BigInt(first), 8);
  const cipher = createCipheriv('aes-128-ctr', noise(seed, BLOCK_BYTES), counter);
  return cipher.update(Buffer.alloc(skipped + length)).subarray(skipped);
}

/** A file type box, an empty movie of one second, and media data: players open it and find no track. */
function mp4(seed: string, wanted: number): BodySource {
  const type = box('ftyp', Buffer.from('isom\0\0\x02\0isomiso2mp41', 'latin1'));
  const header = Buffer.alloc(100);
  header.writeUInt32BE(1000, 12);
  header.writeUInt32BE(1000, 16);
  header.writeUInt32BE(0x0001_0000, 20);
  header.writeUInt16BE(0x0100, 24);
  header.writeUInt32BE(0x0001_0000, 36);
  header.writeUInt32BE(0x0001_0000, 52);
  header.writeUInt32BE(0x4000_0000, 68);
  header.writeUInt32BE(1, 96);
  const movie = box('moov', box('mvhd', header));
  const dataHead = box('mdat');
  const head = Buffer.concat([type, movie, dataHead]);
  const length = Math.max(head.length + 64, wanted);
  head.writeUInt32BE(length - type.length - movie.length, type.length + movie.length);
  return {
    length,
    read(offset, count) {
      const inHead = head.subarray(offset, offset + count);
      if (inHead.length === count) return inHead;
      const data = endlessNoise(seed, Math.max(0, offset - head.length), count - inHead.length);
      return inHead.length === 0 ? data : Buffer.concat([inHead, data]);
    },
  };
}

/** An 8 by 8 picture of one colour (PNG, RFC 2083). */
function png(seed: string): Buffer {
  const [red = 0, green = 0, blue = 0] = noise(seed, 3);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(24, Buffer.from([red, green, blue]))]);
  const header = Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: 8 }, () => row)));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('tEXt', Buffer.from(`Comment\0${seed}`, 'latin1')),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([frame, body, check]);
}

/** An ID3 title and eight silent frames of MPEG 1 layer III, 128 kbit/s at 44.1 kHz, 417 bytes each. */
function mp3(seed: string): Buffer {
  const text = Buffer.from(`\0${seed}`, 'latin1');
  const frame = Buffer.alloc(10);
  frame.write('TIT2', 'latin1');
  frame.writeUInt32BE(text.length, 4);
  const tag = Buffer.concat([frame, text]);
  const head = Buffer.from('ID3\x03\0\0\0\0\0\0', 'latin1');
  head.writeUInt8(tag.length & 127, 9);
  const silence = Buffer.alloc(417);
  silence.writeUInt32BE(0xfffb_9064);
  return Buffer.concat([head, tag, ...Array.from({ length: 8 }, () => silence)]);
}

/** A tenth of a second of 8-bit mono sound at 8 kHz. */
function wav(seed: string): Buffer {
  const samples = noise(seed, 800);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(8000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}
