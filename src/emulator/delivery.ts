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
import type { Reply } from './replies.ts';

export interface Outgoing {
  response: ServerResponse;
  reply: Reply;
  fault: Fault | undefined;
  /** The instant of the Date header, in ms since the epoch. */
  dateMs: Ms;
}

/** Sends an answer, with the fault that was ordered; resolves when all bytes are handed to the socket. */
export async function deliver({ response, reply, fault, dateMs }: Outgoing, clock: Clock): Promise<void> {
  const body = reply.kind === 'bytes' ? reply.body : envelope(reply);
  const type = reply.kind === 'bytes' ? {} : { 'content-type': 'application/json' };
  response.sendDate = false;
  const headers = {
    date: new Date(dateMs).toUTCString(),
    server: 'kling-emulator',
    ...type,
    ...reply.headers,
  };
  if (fault?.kind === 'informational')
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
  const framed = { ...headers, ...(reply.status === 304 ? {} : { 'content-length': String(body.length) }) };
  switch (fault?.kind) {
    case 'truncate':
      response.writeHead(reply.status, framed);
      cut(response, body);
      return;
    case 'truncate_chunked':
      response.writeHead(reply.status, { ...headers, 'transfer-encoding': 'chunked' });
      cut(response, body);
      return;
    case 'drip':
      response.writeHead(reply.status, framed);
      await drip(response, body, { clock, intervalMs: fault.intervalMs ?? 100 });
      return;
    case 'connection_close_after': {
      // Kept in a variable: the response drops its socket when it is finished.
      const { socket } = response;
      response.once('finish', () => socket?.end());
      break;
    }
    default:
  }
  response.writeHead(reply.status, framed);
  response.end(body);
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

function cut(response: ServerResponse, body: Buffer): void {
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
}

async function drip(
  response: ServerResponse,
  body: Buffer,
  { clock, intervalMs }: { clock: Clock; intervalMs: Ms },
): Promise<void> {
  for (const byte of body) {
    if (response.destroyed) return;
    response.write(Buffer.from([byte]));
    await sleep(clock, intervalMs);
  }
  response.end();
}
