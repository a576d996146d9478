/**
 * Reads what a file is from its first bytes. What a server said about it is not believed: we answer for the type that we send.
 *
 * **Invariant**: no type is one that a browser would run; what is not known is `application/octet-stream`.
 */

/** The bytes that are enough to recognise a file. */
export const SNIFFED_BYTES = 32;

export interface MediaType {
  type: string;
  /** Of a file's name, without the dot. */
  extension: string;
}

const UNKNOWN: MediaType = { type: 'application/octet-stream', extension: 'bin' };

/** The brands of the ISO base media format that are no video (ISO/IEC 14496-12, section 4.3). */
const BRANDS: Readonly<Record<string, MediaType>> = {
  'qt  ': { type: 'video/quicktime', extension: 'mov' },
  'M4A ': { type: 'audio/mp4', extension: 'm4a' },
  avif: { type: 'image/avif', extension: 'avif' },
  heic: { type: 'image/heic', extension: 'heic' },
};

const RIFF: Readonly<Record<string, MediaType>> = {
  WEBP: { type: 'image/webp', extension: 'webp' },
  WAVE: { type: 'audio/wav', extension: 'wav' },
  'AVI ': { type: 'video/x-msvideo', extension: 'avi' },
};

const BEGINNINGS: readonly [begins: string, media: MediaType][] = [
  ['89504e470d0a1a0a', { type: 'image/png', extension: 'png' }],
  ['ffd8ff', { type: 'image/jpeg', extension: 'jpg' }],
  ['474946383761', { type: 'image/gif', extension: 'gif' }],
  ['474946383961', { type: 'image/gif', extension: 'gif' }],
  ['1a45dfa3', { type: 'video/webm', extension: 'webm' }],
  ['4f676753', { type: 'audio/ogg', extension: 'ogg' }],
  ['664c6143', { type: 'audio/flac', extension: 'flac' }],
  ['494433', { type: 'audio/mpeg', extension: 'mp3' }],
];

const EXTENSIONS: ReadonlyMap<string, string> = new Map(
  [...Object.values(BRANDS), ...Object.values(RIFF), ...BEGINNINGS.map(([, media]) => media)]
    .concat({ type: 'video/mp4', extension: 'mp4' })
    .map(({ type, extension }) => [type, extension]),
);

/** Gives the extension of a file's name by its type. */
export function extensionOfType(type: string | null): string {
  return EXTENSIONS.get(type ?? '') ?? UNKNOWN.extension;
}

/** Gives the type of a file by its first {@link SNIFFED_BYTES} bytes, or by all of them if it has fewer. */
export function mediaTypeOf(first: Uint8Array): MediaType {
  const bytes = Buffer.from(first.buffer, first.byteOffset, Math.min(first.length, SNIFFED_BYTES));
  const word = (at: number): string => bytes.toString('latin1', at, at + 4);
  if (word(4) === 'ftyp') return BRANDS[word(8)] ?? { type: 'video/mp4', extension: 'mp4' };
  if (word(0) === 'RIFF') return RIFF[word(8)] ?? UNKNOWN;
  const hex = bytes.toString('hex');
  const known = BEGINNINGS.find(([begins]) => hex.startsWith(begins));
  if (known) return known[1];
  return isMpegFrame(bytes) ? { type: 'audio/mpeg', extension: 'mp3' } : UNKNOWN;
}

/** An MP3 without a tag begins with a frame of layer III: eleven bits set, a known version, rate and bit rate. */
function isMpegFrame(bytes: Buffer): boolean {
  const [a = 0, b = 0, c = 0] = bytes;
  const isLayer3 = a === 0xff && (b & 0xe6) === 0xe2 && (b & 0x18) !== 0x08;
  return isLayer3 && c >> 4 !== 0x0f && c >> 4 !== 0 && (c & 0x0c) !== 0x0c;
}
