/**
 * Writes a JSON string in one spelling: with an escape only where JSON needs one, as `JSON.stringify` does.
 *
 * A string of megabytes is usual (an image in base64, whose slashes PHP escapes), so it is done byte by byte, with no text made of it.
 */

const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const SMALL_U = 0x75;

/** Gives the bytes of a string that the scan accepted, `bytes[start, end)` with its quotes, in one spelling. */
export function unescapeString(bytes: Uint8Array, start: number, end: number): Buffer {
  // No spelling is shorter than this one.
  const written = Buffer.allocUnsafe(end - start);
  let to = 0;
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte !== BACKSLASH) {
      written[to] = byte;
      to += 1;
      at += 1;
      continue;
    }
    const kind = bytes[at + 1] as number;
    if (kind === SMALL_U) {
      const unit = unitAt(bytes, at);
      const isPair = isHigh(unit) && bytes[at + 6] === BACKSLASH && bytes[at + 7] === SMALL_U;
      const low = isPair ? unitAt(bytes, at + 6) : 0;
      at += isLow(low) ? 12 : 6;
      to += isLow(low) ? written.write(String.fromCharCode(unit, low), to) : writeUnit(written, to, unit);
      continue;
    }
    if (kind !== SLASH) {
      written[to] = BACKSLASH;
      to += 1;
    }
    written[to] = kind;
    to += 1;
    at += 2;
  }
  return written.subarray(0, to);
}

/** Writes one UTF-16 unit, with the escape that it needs; gives the number of bytes. */
function writeUnit(written: Buffer, to: number, unit: number): number {
  if (unit >= 0x20 && unit < 0x80 && unit !== 0x22 && unit !== BACKSLASH) {
    written[to] = unit;
    return 1;
  }
  return written.write(JSON.stringify(String.fromCharCode(unit)).slice(1, -1), to);
}

/** Reads the four hex digits of the escape at `at`. */
function unitAt(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let digit = at + 2; digit < at + 6; digit += 1) {
    const byte = bytes[digit] as number;
    unit = unit * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return unit;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
