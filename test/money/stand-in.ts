/** An upstream with the answers of a test, for answers that the emulator never gives. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../src/clock.ts';

export interface Received {
  method: string;
  path: string;
  body: string;
}

export interface Reply {
  status?: number;
  json: unknown;
}

/** Gives the reply to a request, or null to say nothing for ever. */
export type Answer = (got: Received) => Reply | null | Promise<Reply | null>;

export interface StandIn {
  url: string;
  received: Received[];
  /** Takes another way of answering from now on. */
  answer(next: Answer): void;
  stop(): Promise<void>;
}

/** Makes the request handler of a stand-in; its Date is that of the clock. */
export function standInListener(clock: Clock, received: Received[], answer: Answer): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const { method = '', url = '' } = request;
      const got = { method, path: url, body: Buffer.concat(chunks).toString() };
      received.push(got);
      const reply = await answer(got);
      if (reply === null) return;
      const body = Buffer.from(JSON.stringify(reply.json));
      response.writeHead(reply.status ?? 200, {
        'content-type': 'application/json',
        'content-length': body.length,
        date: new Date(clock.now()).toUTCString(),
      });
      response.end(body);
    });
  };
}

/** Starts a stand-in on loopback. */
export async function startStandIn(clock: Clock, first: Answer): Promise<StandIn> {
  const received: Received[] = [];
  let answer = first;
  const server = createServer(standInListener(clock, received, (got) => answer(got)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: (next) => void (answer = next),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An answer in Kling's envelope. */
export function says(data: unknown, over: { status?: number; code?: number; message?: string } = {}): Reply {
  const { status = 200, code = 0, message = 'SUCCEED' } = over;
  return { status, json: { code, message, request_id: 'kling-request', data } };
}

/** A task of the legacy generation, as a create's answer or a query shows it. */
export function legacyTask(id: string, externalTaskId: string | null, status = 'submitted'): unknown {
  const task_info = externalTaskId === null ? {} : { external_task_id: externalTaskId };
  return { task_id: id, task_status: status, task_info };
}

/** A task as `GET /tasks` shows it. */
export function listedTask(id: string, externalTaskId: string | null, status = 'submitted'): unknown {
  return { id, status, ...(externalTaskId === null ? {} : { external_id: externalTaskId }) };
}

/** The external ids that a look-up asks for. */
export function askedIds(got: Received): string[] {
  const ids = new URL(got.path, 'http://kling').searchParams.get('external_task_ids');
  return ids === null ? [] : ids.split(',');
}
