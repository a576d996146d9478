/**
 * Reads a request's body whole, into one buffer with room before it.
 *
 * A create may carry tens of megabytes of base64; the room in front lets an external task id be written into the
 * body without a second copy of it.
 */
import type { IncomingMessage } from 'node:http';
import { SidecarError } from '../errors.ts';

/** Free bytes kept before the body: an injected id with its key is well under this. */
export const HEADROOM_BYTES = 256;
/** A body with no declared length grows from here. */
const FIRST_BYTES = 16_384;

/** Body bytes are `buffer.subarray(start, end)`. */
export interface BodyBuffer {
  buffer: Buffer;
  start: number;
  end: number;
}

const wanted = new WeakMap<IncomingMessage, () => void>();

/** Most bytes of a body that a GET or HEAD may carry: many clients send `{}`. */
const UNUSED_BYTES_MAX = 65_536;

/** Tells whether a client still waits for `100 Continue`, so that none of its body is on the way. */
export function awaitsContinue(request: IncomingMessage): boolean {
  return wanted.has(request);
}

/** Says what to do once a request's body is wanted: its client waits for `100 Continue` before it sends any. */
export function onBodyWanted(request: IncomingMessage, callback: () => void): void {
  wanted.set(request, callback);
}

/**
 * Reads and drops the body of a request that needs none.
 * @throws SidecarError `body_too_large` above 64 KiB.
 */
export async function dropBody(request: IncomingMessage): Promise<void> {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding === undefined && (length === undefined || length === '0')) return;
  await readBody(
    request,
    UNUSED_BYTES_MAX,
    `a ${request.method} may carry at most ${UNUSED_BYTES_MAX} bytes`,
  );
}

/**
 * Reads the body up to `bytesMax`; `rule` says so in the refusal.
 *
 * @throws SidecarError `body_too_large`; the rest is not read and the connection must close. Rejects with a plain
 *   error when the client goes away first: then there is nobody to answer.
 */
export function readBody(
  request: IncomingMessage,
  bytesMax: number,
  rule = `listen.maxBodyMiB allows ${bytesMax} bytes. Send media by URL, or raise the limit`,
): Promise<BodyBuffer> {
  const declared = Number(request.headers['content-length'] ?? NaN);
  if (declared > bytesMax) return Promise.reject(tooLarge(rule, declared));
  wanted.get(request)?.();
  wanted.delete(request);
  return new Promise((resolve, reject) => {
    let buffer: Buffer = Buffer.allocUnsafe(
      HEADROOM_BYTES + (Number.isNaN(declared) ? FIRST_BYTES : declared),
    );
    let end = HEADROOM_BYTES;
    let isOver = false;
    request.on('data', (chunk: Buffer) => {
      if (end - HEADROOM_BYTES + chunk.length > bytesMax) {
        request.removeAllListeners('data');
        request.pause();
        reject(tooLarge(rule, null));
        return;
      }
      if (end + chunk.length > buffer.length) buffer = grown(buffer, end, end + chunk.length);
      chunk.copy(buffer, end);
      end += chunk.length;
    });
    request.on('end', () => {
      isOver = true;
      resolve({ buffer, start: HEADROOM_BYTES, end });
    });
    request.on('error', reject);
    // An error is only made where it is needed: its stack costs more than reading a small body.
    request.on('close', () => {
      if (!isOver) reject(new Error('the client went away before its body was complete'));
    });
  });
}

function grown(buffer: Buffer, used: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(needed, buffer.length * 2));
  buffer.copy(larger, 0, 0, used);
  return larger;
}

function tooLarge(rule: string, declared: number | null): SidecarError {
  const had = declared === null ? 'more' : `${declared} bytes`;
  return new SidecarError('body_too_large', `The body has ${had}; ${rule}.`);
}
