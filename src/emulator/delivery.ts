/**
 * Writes an answer to the wire: with correct framing, or with the wrong framing that a fault orders.
 *
 * **Invariant**: every answer's Date is from the emulator's own clock, and its connection is kept or destroyed here. Nothing
 * is left half-open, except by a fault that "never answers".
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { sleep, type Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import type { Fault } from './faults.ts';
import type { BodySource, Reply } from './replies.ts';
import { sourceOf } from './sample-media.ts';

export interface Outgoing {
  response: ServerResponse;
  reply: Reply;
  fault: Fault | undefined;
  /** The instant of the Date header, in ms since the epoch. */
  dateMs: Ms;
}

/**
 * Sends an answer, with the fault that was ordered; resolves when all bytes are handed to the socket. A body is made part by
 * part, as fast as the reader takes it.
 */
export async function deliver({ response, reply, fault, dateMs }: Outgoing, clock: Clock): Promise<void> {
  const body =
    reply.kind === 'file' ? reply.body : sourceOf(reply.kind === 'bytes' ? reply.body : envelope(reply));
  const type = reply.kind === 'envelope' ? { 'content-type': 'application/json' } : {};
  response.sendDate = false;
  const headers = {
    date: new Date(dateMs).toUTCString(),
    server: 'kling-emulator',
    ...type,
    ...reply.headers,
  };
  if (fault?.kind === 'informational')
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
  if (fault?.kind === 'connection_close_after') {
    // Kept in a variable: the response drops its socket when it is finished.
    const { socket } = response;
    response.once('finish', () => socket?.end());
  }
  const plan = sendingOf(fault, reply, body.length);
  const length = reply.status === 304 ? {} : { 'content-length': String(plan.declared) };
  const framing = fault?.kind === 'truncate_chunked' ? { 'transfer-encoding': 'chunked' } : length;
  response.writeHead(reply.status, { ...headers, ...framing });
  if (response.req.method === 'HEAD') response.end();
  else await send(response, body, plan, clock);
}

/** How a body is sent. */
interface Sending {
  /** The length in the head. */
  declared: number;
  /** The bytes that are sent. */
  bytes: number;
  /** Whether the connection is destroyed after them. */
  isCut: boolean;
  partBytes: number;
  /** The wait after each part. */
  intervalMs: Ms;
}

const PART_BYTES = 64 * 1024;

function sendingOf(fault: Fault | undefined, reply: Reply, length: number): Sending {
  const whole = { declared: length, bytes: length, isCut: false, partBytes: PART_BYTES, intervalMs: 0 };
  const half = Math.floor(length / 2);
  const isFile = reply.kind === 'file';
  switch (fault?.kind) {
    case 'truncate':
    case 'truncate_chunked':
      return { ...whole, bytes: half, isCut: true };
    case 'drip':
      return { ...whole, partBytes: 1, intervalMs: fault.intervalMs ?? 100 };
    case 'file_slow':
      return isFile
        ? { ...whole, partBytes: Math.max(1, fault.bytes ?? 1024), intervalMs: fault.intervalMs ?? 1000 }
        : whole;
    case 'file_truncated':
      return isFile ? { ...whole, bytes: Math.min(length, fault.bytes ?? half), isCut: true } : whole;
    case 'file_wrong_length': {
      const declared = Math.max(0, length + (fault.bytes ?? 1000));
      return isFile
        ? { ...whole, declared, bytes: Math.min(length, declared), isCut: declared > length }
        : whole;
    }
    default:
      return whole;
  }
}

async function send(response: ServerResponse, body: BodySource, plan: Sending, clock: Clock): Promise<void> {
  let sent = 0;
  while (sent < plan.bytes && !response.destroyed) {
    const part = body.read(sent, Math.min(plan.partBytes, plan.bytes - sent));
    sent += part.length;
    const isLast = sent === plan.bytes;
    if (isLast && plan.isCut) await written(response, part);
    else if (isLast) response.end(part);
    else if (!response.write(part)) await drained(response);
    if (plan.intervalMs > 0 && !isLast) await sleep(clock, plan.intervalMs);
  }
  if (!plan.isCut) response.end();
  else if (plan.bytes > 0) response.socket?.destroy();
  else {
    response.flushHeaders();
    response.socket?.end();
  }
}

function written(response: ServerResponse, part: Buffer): Promise<void> {
  return new Promise((resolve) => response.write(part, () => resolve()));
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}

/** Drops a connection with a TCP reset, so that the other side cannot mistake it for a normal end. */
export function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function envelope(reply: Reply & { kind: 'envelope' }): Buffer {
  const { code, message, data } = reply;
  const head = { code, message, request_id: randomUUID() };
  return Buffer.from(JSON.stringify(data === undefined ? head : { ...head, data }));
}
