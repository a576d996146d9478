/**
 * Small questions about single bytes of a JSON text.
 *
 * **Invariant**: an offset after the end counts as a byte that matches nothing.
 */

/** Adds a byte to the hash of a key. */
export function keyHash(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

/** Returns whether `bytes[from, to)` are an ASCII text. */
export function isText(bytes: Buffer, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false;
  for (let i = 0; i < text.length; i += 1) {
    if (bytes[from + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** Gives an index, or another one if nothing was found. */
export function found(index: number, otherwise: number): number {
  return index < 0 ? otherwise : index;
}

/** Returns whether a byte is a decimal digit. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Returns whether a byte is a hexadecimal digit of either case. */
export function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

/** Gives the offset after a run of digits. */
export function afterDigits(bytes: Buffer, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at += 1;
  return at;
}
