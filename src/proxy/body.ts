/**
 * Reads a request's body whole, into one buffer with room before it.
 *
 * A create may carry tens of megabytes of base64; the room in front lets fields of ours be written into the body
 * without a second copy of it.
 */
import type { IncomingMessage } from 'node:http';
import { SidecarError } from '../errors.ts';
import { noRoom, type BodyPlace } from './body-room.ts';

/** Free bytes before the body: what is written into it is shorter. */
export const HEADROOM_BYTES = 512;
/** The first buffer of a body without a declared length. */
const FIRST_BYTES = 16_384;

/** Body bytes are `buffer.subarray(start, end)`. */
export interface BodyBuffer {
  buffer: Buffer;
  start: number;
  end: number;
}

const wanted = new WeakMap<IncomingMessage, () => void>();

/** The largest body of a GET or HEAD: many clients send `{}`. */
const UNUSED_BYTES_MAX = 65_536;

/** Returns whether a client still waits for `100 Continue`, so that it has sent none of its body. */
export function awaitsContinue(request: IncomingMessage): boolean {
  return wanted.has(request);
}

/** Sets the action for the first read of a request's body: its client waits for `100 Continue` before it sends any. */
export function onBodyWanted(request: IncomingMessage, callback: () => void): void {
  wanted.set(request, callback);
}

/**
 * Reads and drops the body of a request that needs none.
 * @throws SidecarError `body_too_large` above 64 KiB.
 */
export function dropBody(request: IncomingMessage): Promise<unknown> | null {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding === undefined && (length === undefined || length === '0')) return null;
  const rule = `a ${request.method} may carry at most ${UNUSED_BYTES_MAX} bytes`;
  return readBody(request, { bytesMax: UNUSED_BYTES_MAX, rule });
}

/** The limits of a body. */
export interface BodyLimits {
  bytesMax: number;
  /** Its part of the room of all bodies; without one it is not counted. */
  place?: BodyPlace;
  /** The limit's text in the refusal. */
  rule?: string;
}

/**
 * Reads the body up to `bytesMax`, in the room of its place.
 *
 * @throws SidecarError `body_too_large`, or `too_busy` if there was no room in time; the rest is not read and the connection
 *   must close. Rejects with a plain error if the client closes its connection first: then nobody waits for an answer.
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<BodyBuffer> {
  const { bytesMax, place } = limits;
  const rule =
    limits.rule ?? `listen.maxBodyMiB allows ${bytesMax} bytes. Send media by URL, or raise the limit`;
  const declared = Number(request.headers['content-length'] ?? NaN);
  if (declared > bytesMax) throw tooLarge(rule, declared);
  const firstBytes = Number.isNaN(declared) ? FIRST_BYTES : declared;
  const isGiven = place?.growTo(firstBytes) ?? true;
  if (isGiven !== true && !(await isGiven)) {
    if (request.destroyed) throw gone();
    throw noRoom();
  }
  return receive(request, { ...limits, rule, firstBytes });
}

function receive(
  request: IncomingMessage,
  { bytesMax, place, rule, firstBytes }: BodyLimits & { rule: string; firstBytes: number },
): Promise<BodyBuffer> {
  wanted.get(request)?.();
  wanted.delete(request);
  return new Promise((resolve, reject) => {
    let buffer: Buffer = Buffer.allocUnsafe(HEADROOM_BYTES + firstBytes);
    let end = HEADROOM_BYTES;
    let isOver = false;
    const refuse = (error: SidecarError): void => {
      request.removeAllListeners('data');
      request.pause();
      reject(error);
    };
    const take = (chunk: Buffer): void => {
      const needed = end + chunk.length;
      if (needed > buffer.length) buffer = grown(buffer, end, grownBytes(buffer, needed, bytesMax));
      chunk.copy(buffer, end);
      end += chunk.length;
    };
    const takeLater = async (chunk: Buffer, isGiven: Promise<boolean>): Promise<void> => {
      request.pause();
      if (!(await isGiven)) {
        refuse(noRoom());
        return;
      }
      take(chunk);
      request.resume();
    };
    request.on('data', (chunk: Buffer) => {
      const needed = end + chunk.length;
      if (needed - HEADROOM_BYTES > bytesMax) {
        refuse(tooLarge(rule, null));
        return;
      }
      const bytes = needed > buffer.length ? grownBytes(buffer, needed, bytesMax) : 0;
      const isGiven = place?.growTo(bytes - HEADROOM_BYTES) ?? true;
      if (isGiven === true) take(chunk);
      else void takeLater(chunk, isGiven);
    });
    request.on('end', () => {
      isOver = true;
      resolve({ buffer, start: HEADROOM_BYTES, end });
    });
    request.on('error', reject);
    // An error is made only when it is needed: its stack costs more than reading a small body.
    request.on('close', () => {
      if (!isOver) reject(gone());
    });
  });
}

/** The next size of a buffer that must grow: twice as large, but not above the limit of a body. */
function grownBytes(buffer: Buffer, needed: number, bytesMax: number): number {
  return Math.min(Math.max(needed, buffer.length * 2), HEADROOM_BYTES + bytesMax);
}

function gone(): Error {
  return new Error('the client went away before its body was complete');
}

function grown(buffer: Buffer, used: number, bytes: number): Buffer {
  const larger = Buffer.allocUnsafe(bytes);
  buffer.copy(larger, 0, 0, used);
  return larger;
}

function tooLarge(rule: string, declared: number | null): SidecarError {
  const had = declared === null ? 'more' : `${declared} bytes`;
  return new SidecarError('body_too_large', `The body has ${had}; ${rule}.`);
}
