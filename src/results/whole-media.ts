/**
 * Looks at a file's bytes as they come, and says at the end whether it is there to its end, by its own form.
 *
 * A length that a server announces may be wrong. MP4 says the length of each of its boxes, PNG and JPEG end with a mark, and RIFF
 * (WebP, WAV) begins with its length; of other types nothing is known.
 *
 * **Invariant**: it keeps a few bytes, however long the file is.
 */
import { mediaTypeOf, SNIFFED_BYTES, type MediaType } from './media-type.ts';

/** The last chunk of every PNG, with its checksum (RFC 2083). */
const PNG_END = Buffer.from('0000000049454e44ae426082', 'hex');
const JPEG_END = Buffer.from('ffd9', 'hex');
const TAIL_BYTES = 12;
/** The head of an MP4 box, and of one with a length of 64 bits (ISO/IEC 14496-12, section 4.2). */
const BOX_HEAD_BYTES = 8;
const LONG_HEAD_BYTES = 16;

export class WholeMedia {
  #bytes = 0;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  /** Where the next box of an MP4 begins; null after a box without a length, or to the end of the file. */
  #boxAt: number | null = 0;
  #boxHead = Buffer.alloc(0);
  #isBroken = false;

  /** Takes the next bytes. */
  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    if (this.#head.length < SNIFFED_BYTES) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, SNIFFED_BYTES - this.#head.length)]);
    }
    this.#walk(bytes);
    this.#bytes += bytes.length;
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
  }

  /** The type, by the first bytes. */
  get type(): MediaType {
    return mediaTypeOf(this.#head);
  }

  /** Gives what is wrong with the file as the end of a sentence about it; null for one that is whole, as far as can be seen. */
  fault(): string | null {
    if (this.#bytes === 0) return 'is empty';
    const cut = 'ends too early';
    if (this.#head.toString('latin1', 4, 8) === 'ftyp')
      return this.#isBroken || !this.#endsAtBox() ? cut : null;
    if (this.#head.toString('latin1', 0, 4) === 'RIFF' && this.#head.length >= 8) {
      return this.#head.readUInt32LE(4) + 8 > this.#bytes ? cut : null;
    }
    const { type } = this.type;
    if (type === 'image/png') return this.#tail.equals(PNG_END) ? null : cut;
    if (type === 'image/jpeg') return this.#tail.subarray(-2).equals(JPEG_END) ? null : cut;
    return null;
  }

  #endsAtBox(): boolean {
    return this.#boxAt === null || (this.#boxAt === this.#bytes && this.#boxHead.length === 0);
  }

  /** Follows the lengths of an MP4's boxes; other files lead to no end that is asked for. */
  #walk(piece: Buffer): void {
    while (this.#boxAt !== null && !this.#isBroken) {
      // What of the box's head is in this piece, after what earlier pieces had of it.
      const from = this.#boxAt + this.#boxHead.length - this.#bytes;
      if (from >= piece.length) return;
      const whole = this.#boxHead.length < BOX_HEAD_BYTES ? BOX_HEAD_BYTES : LONG_HEAD_BYTES;
      const wanted = whole - this.#boxHead.length;
      this.#boxHead = Buffer.concat([this.#boxHead, piece.subarray(from, from + wanted)]);
      const length = lengthOf(this.#boxHead);
      if (length === 'more') continue;
      if (length !== 'rest' && length < 8) this.#isBroken = true;
      else this.#boxAt = length === 'rest' ? null : this.#boxAt + length;
      this.#boxHead = Buffer.alloc(0);
    }
  }
}

/** Reads the length in a box's head: 0 is to the end of the file, 1 means that 64 bits follow the type. */
function lengthOf(head: Buffer): number | 'more' | 'rest' {
  if (head.length < BOX_HEAD_BYTES) return 'more';
  const short = head.readUInt32BE();
  if (short === 0) return 'rest';
  if (short !== 1) return short;
  return head.length < LONG_HEAD_BYTES ? 'more' : Number(head.readBigUInt64BE(8));
}
