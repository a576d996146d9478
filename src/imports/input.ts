/** The text of a file: gzip is unpacked, and a file that is no text is refused with the name of its kind. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SidecarError } from '../errors.ts';

/** Characters of the beginning by which a format is recognised. */
const HEAD_CHARS = 65_536;
/** Bytes by which a kind of file is recognised. */
const MAGIC_BYTES = 6;

/** Kinds of files that are no text, by their first bytes in hex. */
const OTHER_FILES: readonly [RegExp, string][] = [
  [/^504b0304/, 'a zip archive: unpack it first'],
  [/^28b52ffd/, 'packed with zstd: unpack it first, or pipe it: zstd -dc FILE | kling-sidecar import -'],
  [/^425a68/, 'packed with bzip2: unpack it first, or pipe it: bzip2 -dc FILE | kling-sidecar import -'],
  [/^fd377a585a00/, 'packed with xz: unpack it first, or pipe it: xz -dc FILE | kling-sidecar import -'],
  [/^50415231/, 'a Parquet file: write it as CSV or JSON lines'],
  [/^53514c697465/, 'an SQLite store: calls export of that sidecar writes what import reads'],
  [/^(fffe|feff)/, 'UTF-16: write it as UTF-8'],
];

export interface InputText {
  /** The beginning, at most 65,536 characters. */
  head: string;
  /** All of it, including the beginning. */
  chunks: AsyncIterable<string>;
}

/**
 * Opens text: gzip (also of several members) is unpacked, a byte order mark is left out.
 * @throws SidecarError `bad_usage` if it is a kind of file that is not read, and while reading if the gzip data are
 * damaged.
 */
export async function openText(chunks: AsyncIterable<string | Uint8Array>): Promise<InputText> {
  const bytes = chunks[Symbol.asyncIterator]();
  const first = await readAhead(bytes);
  const magic = first.toString('hex');
  for (const [pattern, name] of OTHER_FILES) {
    if (pattern.test(magic)) throw new SidecarError('bad_usage', `the file is ${name}.`);
  }
  const raw = continued(first, bytes);
  const texts = decoded(magic.startsWith('1f8b') ? unpacked(raw) : raw)[Symbol.asyncIterator]();
  let head = '';
  while (head.length < HEAD_CHARS) {
    const { value, done } = await texts.next();
    if (done) break;
    head += value;
  }
  return { head: head.slice(0, HEAD_CHARS), chunks: continued(head, texts) };
}

/** Reads at least as many bytes as the recognition of the kind needs, or the whole file. */
async function readAhead(bytes: AsyncIterator<string | Uint8Array>): Promise<Buffer> {
  let first = Buffer.alloc(0);
  while (first.length < MAGIC_BYTES) {
    const { value, done } = await bytes.next();
    if (done) break;
    first = Buffer.concat([first, Buffer.from(value)]);
  }
  return first;
}

async function* continued<T>(first: T, rest: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* unpacked(chunks: AsyncIterable<string | Uint8Array>): AsyncGenerator<Buffer> {
  const packed = Readable.from(chunks, { objectMode: false });
  const gunzip = packed.pipe(createGunzip());
  packed.on('error', (error) => gunzip.destroy(error));
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (!code.startsWith('Z_')) throw cause;
    throw new SidecarError(
      'bad_usage',
      `the gzip data are damaged or cut off (${code}): pack the file again.`,
      {
        cause,
      },
    );
  } finally {
    packed.destroy();
  }
}

async function* decoded(chunks: AsyncIterable<string | Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    const text = decoder.decode(typeof chunk === 'string' ? Buffer.from(chunk) : chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}
