/** An upstream that answers whatever a test says: for what the emulator would never do. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  method: string;
  path: string;
  body: string;
}

export interface StandIn {
  url: string;
  received: Received[];
  creates(): Received[];
  stop(): Promise<void>;
}

export type Reply = { status?: number; json: unknown; date?: string };

/** Starts it; `answer` gives the reply to each request, or null to say nothing for ever. */
export async function startStandIn(answer: (got: Received) => Reply | null): Promise<StandIn> {
  const received: Received[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const got = {
        method: request.method ?? '',
        path: request.url ?? '',
        body: Buffer.concat(chunks).toString(),
      };
      received.push(got);
      const reply = answer(got);
      if (reply === null) return;
      const body = Buffer.from(JSON.stringify(reply.json));
      response.writeHead(reply.status ?? 200, {
        'content-type': 'application/json',
        'content-length': body.length,
        ...(reply.date === undefined ? {} : { date: reply.date }),
      });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    creates: () => received.filter(({ method, path }) => method === 'POST' && path !== '/tasks'),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An envelope of Kling's. */
export const envelope = (data: unknown, code = 0, message = 'SUCCEED'): { code: number } & Record<string, unknown> => ({
  code,
  message,
  request_id: 'kling-request',
  data,
});
