/** Small servers of the browser tests: the attacker's site, and a daemon that protects itself against nothing. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface PlainServer {
  port: number;
  close(): Promise<void>;
}

type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => void;

/** Starts a server on 127.0.0.1 (a free port where `port` is 0) that reads each body before it answers. */
export async function startServer(answer: Answer, port = 0): Promise<PlainServer & { server: Server }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.once('end', () => answer(request, body, response));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    server,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface OpenDaemon extends PlainServer {
  /** What arrived, as `METHOD path body`. */
  received(): readonly string[];
}

/** Starts a daemon that takes everything, and lets every page read its answers: what an attack meets elsewhere. */
export async function startOpenDaemon(): Promise<OpenDaemon> {
  const received: string[] = [];
  const { server, port, close } = await startServer((request, body, response) => {
    received.push(`${request.method} ${request.url} ${body}`);
    response.writeHead(200, {
      'access-control-allow-origin': request.headers.origin ?? '*',
      'access-control-allow-headers': 'content-type',
      'access-control-allow-credentials': 'true',
      'access-control-allow-private-network': 'true',
      'content-type': 'application/json',
    });
    response.end('{}');
  });
  server.on('upgrade', (request, socket) => {
    received.push(`UPGRADE ${request.url} `);
    socket.destroy();
  });
  return { port, close, received: () => received };
}
