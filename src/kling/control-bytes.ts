/**
 * Finds raw control characters (below 0x20) in long runs of bytes, four at a time.
 *
 * **Invariant**: {@link firstControl} has the same result as a check of every byte. A printable ASCII byte
 * has bit 5 or bit 6 set, a control character neither. So if `word | (word << 1)` has bit 6 set in all four bytes,
 * none of them is a control character. Bytes of 0x80 to 0x9f fail that test too: in a block that fails, every byte is checked.
 */

const BIT_6 = 0x40404040;
const UNROLLED = 8;
/** Words tested before the bytes of a failed block are checked: 4 KiB, so that non-ASCII text costs one such check per block. */
const BLOCK_WORDS = 1024;

/** Views the bytes as 32-bit words, from the first that is aligned in memory. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  const skipped = alignedFrom(bytes);
  const count = Math.max(0, (bytes.length - skipped) >> 2);
  return new Int32Array(bytes.buffer, count === 0 ? 0 : bytes.byteOffset + skipped, count);
}

function alignedFrom(bytes: Uint8Array): number {
  return (4 - (bytes.byteOffset & 3)) & 3;
}

/** Gives the offset of the first byte below 0x20 in `[from, to)`, or -1. `words` is {@link wordsOf} of the bytes. */
export function firstControl(bytes: Uint8Array, words: Int32Array, from: number, to: number): number {
  const skipped = alignedFrom(bytes);
  const firstWord = Math.max(0, (from - skipped + 3) >> 2);
  const endWord = Math.min(words.length, (to - skipped) >> 2);
  if (firstWord >= endWord) return walk(bytes, from, to);
  const inHead = walk(bytes, from, firstWord * 4 + skipped);
  if (inHead >= 0) return inHead;
  for (let block = firstWord; block < endWord; block += BLOCK_WORDS) {
    const blockEnd = Math.min(endWord, block + BLOCK_WORDS);
    if (isPlain(words, block, blockEnd)) continue;
    const inBlock = walk(bytes, block * 4 + skipped, blockEnd * 4 + skipped);
    if (inBlock >= 0) return inBlock;
  }
  return walk(bytes, endWord * 4 + skipped, to);
}

function isPlain(words: Int32Array, from: number, to: number): boolean {
  let bits = -1;
  let i = from;
  const unrolledEnd = to - ((to - from) % UNROLLED);
  while (i < unrolledEnd) {
    const a = words[i] as number;
    const b = words[i + 1] as number;
    const c = words[i + 2] as number;
    const d = words[i + 3] as number;
    const e = words[i + 4] as number;
    const f = words[i + 5] as number;
    const g = words[i + 6] as number;
    const h = words[i + 7] as number;
    bits &= (a | (a << 1)) & (b | (b << 1)) & (c | (c << 1)) & (d | (d << 1));
    bits &= (e | (e << 1)) & (f | (f << 1)) & (g | (g << 1)) & (h | (h << 1));
    i += UNROLLED;
  }
  for (; i < to; i += 1) {
    const word = words[i] as number;
    bits &= word | (word << 1);
  }
  return (bits & BIT_6) === BIT_6;
}

function walk(bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i += 1) {
    if ((bytes[i] as number) < 0x20) return i;
  }
  return -1;
}
