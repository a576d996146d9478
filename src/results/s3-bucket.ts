/**
 * A bucket of an S3-compatible store: an object is put whole, read in parts, and removed.
 *
 * Each request is signed (AWS Signature Version 4, by `aws4`), an upload with the hash of its bytes: the store refuses other bytes.
 * An upload is one request, so that no unfinished parts can be left in the bucket; stores take 5 GiB in one
 * (docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html, read 2026-11-28). Its bytes come from a file, in pieces.
 *
 * **Invariant**: no error has a credential or a signature; memory does not grow with an object.
 */
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Secret } from '../secret.ts';
import type { Ms } from '../units.ts';
import type { Dispatcher } from '../upstream/undici.ts';
import { codeOf, giveUp, headerOf, lengthOf, watch } from './result-request.ts';
import type { ByteRange } from './result-store.ts';

/** The part of `aws4` that we use: it adds the signature to the headers of a request. */
interface Signer {
  sign(
    request: {
      service: 's3';
      region: string;
      host: string;
      method: string;
      path: string;
      headers: Record<string, string>;
    },
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
  ): { headers: Record<string, string> };
}

/** Loaded with the first bucket: most sidecars have none. */
const loadSigner = (): Signer => createRequire(import.meta.url)('aws4') as Signer;

/** Without a byte in either direction for this long, a request is given up. */
const IDLE_MS: Ms = 60_000;
const PIECE_BYTES = 262_144;
/** Of an answer that is an error. */
const ERROR_BYTES_MAX = 16_384;
const HASH_META = 'x-amz-meta-sha256';
const EMPTY_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface BucketCredentials {
  accessKeyId: string;
  secretAccessKey: Secret;
  /** Of temporary credentials; null for others. */
  sessionToken: Secret | null;
}

export interface BucketOptions {
  /** Scheme, host and port. */
  endpoint: string;
  region: string;
  bucket: string;
  /** Whether the bucket is the first part of the path, and not of the host's name. */
  forcePathStyle: boolean;
  /** Read for each request, so that a reload brings new ones. */
  credentials: () => BucketCredentials;
  agent: Dispatcher;
  clock: Clock;
}

/** An object as it is stored. */
export interface StoredObject {
  bytes: number;
  /** As it was written with the object; null for an object that is not ours. */
  sha256: string | null;
}

/** Why a request to the bucket failed: the store's own code, or that of the connection. */
export class BucketFailed extends Error {
  override readonly name = 'BucketFailed';
  /** Null without an answer. */
  readonly status: number | null;

  constructor(what: string, status: number | null, code: string) {
    const where = status === null ? 'no answer' : `HTTP ${status}`;
    super(`The bucket did not ${what}: ${where}${code === '' ? '' : `, ${code}`}.`);
    this.status = status;
  }
}

/** A file on this disk that is to be stored. */
export interface Upload {
  file: string;
  bytes: number;
  sha256: string;
  contentType: string;
}

interface Asked {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  key: string | null;
  /** The verb and object of an error's sentence. */
  what: string;
  headers?: Record<string, string>;
  hash?: string;
  /** The body is this file. */
  file?: string;
}

export class S3Bucket {
  readonly #options: BucketOptions;
  readonly #stop = new AbortController();
  #signer: Signer | null = null;

  constructor(options: BucketOptions) {
    this.#options = options;
  }

  /** Stores a file under a key, in place of an object that is there. @throws BucketFailed */
  async put(key: string, { file, bytes, sha256, contentType }: Upload): Promise<void> {
    const answer = await this.#ask({
      method: 'PUT',
      key,
      what: 'take an object',
      hash: sha256,
      headers: { 'content-type': contentType, 'content-length': String(bytes), [HASH_META]: sha256 },
      file,
    });
    await this.#expect(answer, 200, 'take an object');
    const stored = await this.head(key);
    if (stored?.bytes !== bytes || (stored.sha256 !== null && stored.sha256 !== sha256)) {
      throw new BucketFailed('keep an object whole', 200, `${stored?.bytes ?? 'none'} of ${bytes} bytes`);
    }
  }

  /** Gives what is known of an object; null if there is none. @throws BucketFailed */
  async head(key: string): Promise<StoredObject | null> {
    const what = 'show an object';
    const answer = await this.#ask({ method: 'HEAD', key, what });
    if (answer.statusCode === 404) return await this.#expect(answer, 404, what);
    await this.#expect(answer, 200, what);
    return { bytes: lengthOf(answer) ?? 0, sha256: headerOf(answer.headers[HASH_META]) };
  }

  /** Opens an object, or a range of it; null if there is none. The stream reads no faster than it is read. @throws BucketFailed */
  async get(key: string, range?: ByteRange): Promise<Readable | null> {
    const what = 'give an object';
    const headers = range && { range: `bytes=${range.first}-${range.last}` };
    const answer = await this.#ask({ method: 'GET', key, what, ...(headers && { headers }) });
    if (answer.statusCode === 404) return await this.#expect(answer, 404, what);
    const wanted = range ? range.last - range.first + 1 : null;
    if (answer.statusCode !== (range ? 206 : 200)) await this.#expect(answer, range ? 206 : 200, what);
    if (wanted !== null && lengthOf(answer) !== wanted) {
      giveUp(answer);
      throw new BucketFailed(what, answer.statusCode, 'another range');
    }
    return answer.body;
  }

  /** Removes an object; one that is gone already is no error. @throws BucketFailed */
  async remove(key: string): Promise<void> {
    const what = 'remove an object';
    const answer = await this.#ask({ method: 'DELETE', key, what });
    await this.#expect(answer, [200, 204, 404], what);
  }

  /** Checks that the bucket is there and the credentials work. @throws BucketFailed */
  async check(): Promise<void> {
    const what = 'answer';
    await this.#expect(await this.#ask({ method: 'HEAD', key: null, what }), 200, what);
  }

  /** Ends open requests and connections. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#options.agent.destroy();
  }

  async #ask({
    method,
    key,
    what,
    headers = {},
    hash = EMPTY_HASH,
    file,
  }: Asked): Promise<Dispatcher.ResponseData> {
    const { agent, clock } = this.#options;
    const { origin, path, host } = this.#placeOf(key);
    const signed = this.#sign({ method, path, host, headers: { ...headers, 'x-amz-content-sha256': hash } });
    const limit = watch(clock, IDLE_MS, this.#stop.signal);
    try {
      return await agent.request({
        origin,
        path,
        method,
        headers: signed,
        signal: limit.signal,
        ...(file !== undefined && { body: bodyOf(file, () => limit.again()) }),
      });
    } catch (error) {
      throw new BucketFailed(what, null, limit.isLate() ? 'silent for too long' : codeOf(error));
    } finally {
      limit.end();
    }
  }

  #placeOf(key: string | null): { origin: string; host: string; path: string } {
    const { endpoint, bucket, forcePathStyle } = this.#options;
    const { protocol, host } = new URL(endpoint);
    if (forcePathStyle)
      return {
        origin: `${protocol}//${host}`,
        host,
        path: key === null ? `/${bucket}` : `/${bucket}/${key}`,
      };
    return { origin: `${protocol}//${bucket}.${host}`, host: `${bucket}.${host}`, path: `/${key ?? ''}` };
  }

  #sign(request: {
    method: string;
    path: string;
    host: string;
    headers: Record<string, string>;
  }): Record<string, string> {
    const { region, credentials, clock } = this.#options;
    const { accessKeyId, secretAccessKey, sessionToken } = credentials();
    const date = new Date(clock.now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
    this.#signer ??= loadSigner();
    const { headers } = this.#signer.sign(
      { ...request, service: 's3', region, headers: { ...request.headers, 'X-Amz-Date': date } },
      {
        accessKeyId,
        secretAccessKey: secretAccessKey.reveal(),
        ...(sessionToken && { sessionToken: sessionToken.reveal() }),
      },
    );
    return headers;
  }

  /** Reads an answer without an object to its end. @throws BucketFailed for another status. */
  async #expect(
    answer: Dispatcher.ResponseData,
    wanted: number | readonly number[],
    what: string,
  ): Promise<null> {
    const timer = this.#options.clock.after(IDLE_MS, () => giveUp(answer));
    const text = await textOf(answer).finally(() => timer.cancel());
    if ([wanted].flat().includes(answer.statusCode)) return null;
    // A message may name the credentials; the code is a word of the store's documentation.
    const code = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? '';
    throw new BucketFailed(what, answer.statusCode, code);
  }
}

/** Reads a file as fast as its pieces are taken. */
function bodyOf(file: string, onPiece: () => void): Readable {
  return Readable.from(piecesOf(file, onPiece), { objectMode: false });
}

async function* piecesOf(file: string, onPiece: () => void): AsyncGenerator<Buffer> {
  for await (const piece of createReadStream(file, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>) {
    onPiece();
    yield piece;
  }
}

async function textOf(answer: Dispatcher.ResponseData): Promise<string> {
  let text = '';
  try {
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      text += piece.toString('latin1');
      if (text.length > ERROR_BYTES_MAX) break;
    }
  } catch {
    // The status is known, and decides.
  }
  return text;
}
