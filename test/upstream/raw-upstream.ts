/** An upstream that answers the very bytes it is told to, on plain sockets, and remembers what it was asked. */
import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface RawRequest {
  method: string;
  target: string;
  /** Header lines as they came. */
  lines: readonly (readonly [name: string, value: string])[];
  body: Buffer;
}

/** What is done with one request; writes to the socket, ends it, resets it, or leaves it alone. */
export type Behaviour = (socket: Socket, request: RawRequest) => void;

export interface RawUpstream {
  url: string;
  requests: RawRequest[];
  /** How many connections were accepted so far, and those that are open. */
  accepted: number;
  sockets: Set<Socket>;
  behave: Behaviour;
  stop(): Promise<void>;
}

/** Starts an upstream on a free port of loopback; `behave` may be replaced between requests. */
export function startRawUpstream(behave: Behaviour): Promise<RawUpstream> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    upstream.accepted += 1;
    upstream.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => upstream.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let read = readRequest(rest); read !== null; read = readRequest(rest)) {
        rest = rest.subarray(read.used);
        upstream.requests.push(read.request);
        upstream.behave(socket, read.request);
      }
    });
  });
  const upstream: RawUpstream = {
    url: '',
    requests: [],
    accepted: 0,
    sockets: new Set(),
    behave,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of upstream.sockets) socket.destroy();
      }),
  };
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      resolve(upstream);
    });
  });
}

function readRequest(bytes: Buffer): { request: RawRequest; used: number } | null {
  const at = bytes.indexOf('\r\n\r\n');
  if (at < 0) return null;
  const [first = '', ...rest] = bytes.toString('latin1', 0, at).split('\r\n');
  const [method = '', target = ''] = first.split(' ');
  const lines = rest.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const length = Number(lines.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? 0);
  const from = at + 4;
  if (bytes.length < from + length) return null;
  return {
    request: { method, target, lines, body: bytes.subarray(from, from + length) },
    used: from + length,
  };
}

/** Answers every request with these bytes; a string is latin1. */
export function always(bytes: string | Buffer): Behaviour {
  const answer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  return (socket) => void socket.write(answer);
}

/** Writes an answer with a length of its own. */
export function answerText(
  body: string,
  {
    status = '200 OK',
    lines = ['Content-Type: application/json'],
  }: { status?: string; lines?: string[] } = {},
): string {
  const length = `Content-Length: ${Buffer.byteLength(body, 'latin1')}`;
  return `HTTP/1.1 ${status}\r\n${[...lines, length].join('\r\n')}\r\n\r\n${body}`;
}

/** The answer that Kling gives to a legacy create, for the external id of the request. */
export function createdText(request: RawRequest, taskId = '893605946402811985'): string {
  const external = /"external_task_id":"([^"]*)"/.exec(request.body.toString('latin1'))?.[1] ?? '';
  return answerText(
    JSON.stringify({
      code: 0,
      message: 'SUCCEED',
      request_id: 'raw',
      data: {
        task_id: taskId,
        task_status: 'submitted',
        task_info: { external_task_id: external },
        created_at: 1_763_700_000_000,
        updated_at: 1_763_700_000_000,
      },
    }),
  );
}
