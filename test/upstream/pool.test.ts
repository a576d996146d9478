import dns from 'node:dns';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createHttps } from 'node:https';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createManualClock, systemClock } from '../../src/clock.ts';
import { Attempt, type AttemptFailure } from '../../src/upstream/attempt.ts';
import { openPool, type PoolOptions } from '../../src/upstream/pool.ts';

let folder = '';
let caFile = '';
let secure: Server;
let otherHost: Server;
let oldTls: Server;
const arrived: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-pool-'));
  const [own, other] = await Promise.all(
    ['localhost', 'evil.example'].map((name) =>
      generate([{ name: 'commonName', value: name }], { keySize: 2048 }),
    ),
  );
  caFile = path.join(folder, 'ca.pem');
  await writeFile(caFile, `${own?.cert}\n${other?.cert}`);
  const serve = (pair: typeof own, more: object = {}): Server =>
    createHttps({ key: pair?.private, cert: pair?.cert, ...more }, (request, response) => {
      arrived.push(`${request.method} ${request.url}`);
      response.end('{}');
    });
  secure = serve(own);
  otherHost = serve(other);
  oldTls = serve(own, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  await Promise.all(
    [secure, otherHost, oldTls].map(
      (server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)),
    ),
  );
});
afterAll(async () => {
  for (const server of [secure, otherHost, oldTls]) server.close();
  await rm(folder, { recursive: true, force: true });
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function ask(options: Partial<PoolOptions> & { baseUrl: string }): Promise<AttemptFailure | string> {
  const pool = openPool({ connections: 1, proxy: null, caFile: null, ...options });
  try {
    return await new Promise((resolve) => {
      let body = '';
      const attempt = new Attempt(
        { pool, clock: systemClock, timeoutMs: 5_000, deadlineMs: 9_000 },
        {
          onHead() {},
          onChunk: (chunk) => void (body += chunk),
          onEnd: () => resolve(body),
          onFailure: resolve,
        },
      );
      const headers = ['authorization', 'Bearer the-key'];
      attempt.dispatch({ method: 'POST', path: '/v1/x', headers, body: Buffer.from('{"secret":"body"}') });
    });
  } finally {
    await pool.destroy();
  }
}

/** Begins a request with a deadline by a hand-moved clock; `late` lets the deadline pass and gives the failure. */
function waitingFor(options: { baseUrl: string }): { late: () => Promise<AttemptFailure> } {
  const pool = openPool({ connections: 1, proxy: null, caFile: null, ...options });
  onTestFinished(() => pool.destroy());
  const clock = createManualClock(0);
  const failed = Promise.withResolvers<AttemptFailure>();
  const attempt = new Attempt(
    { pool, clock, timeoutMs: 5_000, deadlineMs: 1_000 },
    { onHead() {}, onChunk() {}, onEnd() {}, onFailure: failed.resolve },
  );
  attempt.dispatch({ method: 'GET', path: '/', headers: [], body: null });
  return {
    async late() {
      await clock.advance(1_000);
      return failed.promise;
    },
  };
}

/** A CONNECT proxy that notes all it is sent in the clear; `answer` refuses the tunnel. */
async function startProxyServer(
  answer: string | null,
): Promise<{ url: string; heard: Buffer[]; server: Server }> {
  const heard: Buffer[] = [];
  const server = createServer((socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (head: Buffer) => {
      heard.push(head);
      const port = Number(/^CONNECT localhost:(\d+) /.exec(head.toString())?.[1]);
      if (answer !== null || Number.isNaN(port)) {
        socket.end(answer ?? 'HTTP/1.1 400 Bad\r\n\r\n');
        return;
      }
      const onward = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.on('data', (chunk: Buffer) => heard.push(chunk));
        socket.pipe(onward).pipe(socket);
      });
      onward.on('error', () => socket.destroy());
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${portOf(server)}`, heard, server };
}

describe('the pool', () => {
  it('speaks TLS to whom it can verify, and sends nothing to anybody else', async () => {
    expect(await ask({ baseUrl: `https://localhost:${portOf(secure)}`, caFile })).toBe('{}');
    const before = arrived.length;
    for (const [baseUrl, ca] of [
      [`https://localhost:${portOf(secure)}`, null],
      [`https://localhost:${portOf(otherHost)}`, caFile],
      [`https://localhost:${portOf(oldTls)}`, caFile],
    ] as const) {
      expect(await ask({ baseUrl, caFile: ca }), baseUrl).toMatchObject({ errorClass: 'tls', sent: false });
    }
    expect(arrived).toHaveLength(before);
  });

  it('says that nothing was sent if the name does not resolve', async () => {
    const failure = await ask({ baseUrl: 'https://kling.invalid' });
    expect(failure).toMatchObject({ errorClass: 'dns', sent: false });
    expect((failure as AttemptFailure).cause).toContain('kling.invalid');
  });

  it('reports the step of a connection at the deadline', async () => {
    const heard = Promise.withResolvers<unknown>();
    const silent = createServer((socket) => socket.on('error', () => undefined).once('data', heard.resolve));
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const port = portOf(silent);
    const handshake = waitingFor({ baseUrl: `https://localhost:${port}` });
    await heard.promise;
    expect(await handshake.late()).toMatchObject({
      errorClass: 'tls',
      sent: false,
      isLate: true,
      cause: 'no TLS handshake with localhost before the deadline',
    });
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((...values: unknown[]) => values) as never);
    onTestFinished(() => lookup.mockRestore());
    const name = waitingFor({ baseUrl: `https://localhost:${port}` });
    expect(await name.late()).toMatchObject({
      errorClass: 'dns',
      sent: false,
      cause: 'the name localhost was not resolved before the deadline',
    });
    silent.close();
  });

  it('calls a handshake that is reset a failure of TLS: the address was reached', async () => {
    const resetting = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await new Promise<void>((done) => resetting.listen(0, '127.0.0.1', done));
    const failure = await ask({ baseUrl: `https://localhost:${portOf(resetting)}` });
    expect(failure).toMatchObject({ errorClass: 'tls', sent: false });
    resetting.close();
  });

  it.each(['EMFILE', 'EADDRNOTAVAIL', 'EPERM'])('calls %s a lack of this machine’s', (code) => {
    const pool = openPool({ baseUrl: 'https://localhost', connections: 1, proxy: null, caFile: null });
    const error = Object.assign(new Error(`connect ${code} 127.0.0.1:443`), { code });
    expect(pool.explain(error)).toEqual({
      errorClass: 'no_connection',
      cause: `connect ${code} 127.0.0.1:443`,
    });
  });

  it('goes through a CONNECT proxy, which sees neither key nor body', async () => {
    const proxy = await startProxyServer(null);
    const answer = await ask({ baseUrl: `https://localhost:${portOf(secure)}`, caFile, proxy: proxy.url });
    expect(answer).toBe('{}');
    const heard = Buffer.concat(proxy.heard).toString('latin1');
    expect(heard).toMatch(/^CONNECT localhost:\d+ HTTP\/1\.1\r\n/);
    expect(heard).not.toMatch(/the-key|secret|authorization/i);
    proxy.server.close();
  });

  it('says that nothing was sent if the proxy refuses the tunnel or is not there', async () => {
    const baseUrl = `https://localhost:${portOf(secure)}`;
    const before = arrived.length;
    for (const status of ['403 Forbidden', '407 Proxy Authentication Required', '502 Bad Gateway']) {
      const proxy = await startProxyServer(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
      const failure = await ask({ baseUrl, caFile, proxy: proxy.url });
      expect(failure, status).toMatchObject({ errorClass: 'proxy', sent: false });
      expect(Buffer.concat(proxy.heard).toString('latin1')).not.toMatch(/the-key|secret/);
      proxy.server.close();
    }
    const gone = await ask({ baseUrl, caFile, proxy: 'http://127.0.0.1:9' });
    expect(gone).toMatchObject({ errorClass: 'proxy', sent: false });
    expect(arrived).toHaveLength(before);
  });
});
