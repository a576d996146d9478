/** A place that alerts are sent to: a real HTTP server on loopback that keeps what arrives and answers as a test says. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Arrival {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** `null` gives no answer and keeps the connection open; `cut` closes it without an answer. */
export type Answer =
  | { status: number; body?: string; headers?: Record<string, string> }
  | ((response: ServerResponse) => void)
  | 'cut'
  | null;

export interface Receiver {
  /** With scheme, host and port, no path. */
  url: string;
  port: number;
  /** Everything that arrived, oldest first. */
  arrived: Arrival[];
  /** Waits until so many requests arrived. */
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Begins to listen; `answer` decides each answer, 200 without one. */
export async function startReceiver(
  answer: (arrival: Arrival, index: number) => Answer | Promise<Answer> = () => ({ status: 200 }),
): Promise<Receiver> {
  const arrived: Arrival[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    void (async () => {
      const arrival = await readArrival(request);
      arrived.push(arrival);
      for (const look of waiting) look();
      write(response, await answer(arrival, arrived.length - 1));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    arrived,
    async until(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => {
        if (arrived.length >= count) resolve();
      };
      waiting.add(look);
      look();
      await promise;
      waiting.delete(look);
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readArrival(request: IncomingMessage): Promise<Arrival> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: Buffer.concat(pieces).toString('utf8'),
  };
}

function write(response: ServerResponse, answer: Answer): void {
  if (answer === null) return;
  if (answer === 'cut') return void response.socket?.destroy();
  if (typeof answer === 'function') return answer(response);
  response.writeHead(answer.status, answer.headers ?? {});
  response.end(answer.body ?? '');
}
