/**
 * The bare forwarder: node:http in, one undici Pool out, one header set, nothing else. The least cost in Node.
 *
 * Arguments: port to listen on, port of the upstream. A body is read whole before it is sent, as anything that
 * looks at it must. No limits, no checks, no records: never a proxy to use.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Pool } from 'undici';

const [port = '', upstreamPort = ''] = process.argv.slice(2);
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 64, pipelining: 1 });

function forward(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer | null): void {
  const options = {
    path: incoming.url ?? '/',
    method: body === null ? ('GET' as const) : ('POST' as const),
    headers: {
      ...incoming.headers,
      connection: undefined,
      host: undefined,
      authorization: 'Bearer bench-key',
    },
    body,
    opaque: outgoing,
  };
  pool
    .stream(options, ({ statusCode, headers }) => {
      outgoing.writeHead(statusCode, headers);
      return outgoing;
    })
    .catch((error: unknown) => outgoing.destroy(error as Error));
}

const server = createServer((incoming, outgoing) => {
  if (incoming.method !== 'POST') {
    forward(incoming, outgoing, null);
    return;
  }
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.once('end', () => forward(incoming, outgoing, Buffer.concat(chunks)));
});
server.listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
