import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo, type LookupFunction, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, systemClock } from '../../src/clock.ts';
import { download, keep } from '../../src/cli/smoke-download.ts';
import { DownloadFailed, type DownloadRules } from '../../src/results/result-request.ts';
import { advanceUntil } from '../money/hand-clock.ts';

const CONTENT = Buffer.alloc(5_000, 'video');

let folder: string;
let elsewhere: string;
let servers: Server[] = [];
let asked: IncomingMessage[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-download-'));
  elsewhere = await mkdtemp(path.join(tmpdir(), 'kling-ca-'));
  servers = [];
  asked = [];
});
afterEach(async () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  for (const one of [folder, elsewhere]) await rm(one, { recursive: true, force: true });
});

const part = (): string => path.join(folder, 'result.part');
async function listen(
  answer: RequestListener,
  make = createServer as (listener: RequestListener) => Server,
): Promise<number> {
  const server = make((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
const whole = (_: IncomingMessage, response: ServerResponse): void =>
  void response
    .writeHead(200, { 'content-type': 'video/mp4', 'content-length': CONTENT.length })
    .end(CONTENT);
const HERE: DownloadRules = { mayUseLoopback: true, proxy: null, caFile: null };
const ELSEWHERE: DownloadRules = { ...HERE, mayUseLoopback: false };
const get = (address: string, rules = HERE) =>
  download(address, part(), { rules, clock: systemClock, signal: new AbortController().signal });
const failure = async (address: string, rules = HERE): Promise<string> => {
  const error: unknown = await get(address, rules).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(DownloadFailed);
  expect(await readdir(folder)).toEqual([]);
  return (error as Error).message;
};

/** A certificate for this machine and a name, and a file that has it as an authority. */
async function authority() {
  const altNames = [
    { type: 7 as const, ip: '127.0.0.1' },
    { type: 2 as const, value: 'results.example' },
  ];
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames }],
  });
  const caFile = path.join(elsewhere, 'ca.pem');
  await writeFile(caFile, pems.cert);
  return { pems, caFile };
}

describe('a download', () => {
  it('is whole and hashed under its own name, and carries no credential', async () => {
    const port = await listen(whole);
    await writeFile(part(), 'what an earlier run left, which is longer'.repeat(1_000));
    const got = await get(`http://127.0.0.1:${port}/a.mp4?token=signed`);
    expect(got).toMatchObject({ bytes: 5_000, contentType: 'video/mp4' });
    await keep(part(), path.join(folder, 'a.mp4'));
    expect(await readdir(folder)).toEqual(['a.mp4']);
    expect((await readFile(path.join(folder, 'a.mp4'))).equals(CONTENT)).toBe(true);
    expect(asked[0]?.url).toBe('/a.mp4?token=signed');
    expect(Object.keys(asked[0]?.headers ?? {}).filter((name) => /auth|cookie|kling/.test(name))).toEqual([]);
  });

  it('goes over TLS with the authorities of the upstream, and not without them', async () => {
    const { pems, caFile } = await authority();
    const port = await listen(whole, (listener) =>
      createTlsServer({ key: pems.private, cert: pems.cert }, listener),
    );
    const url = `https://127.0.0.1:${port}/a.mp4`;
    expect(await failure(url)).toMatch(
      /could not be reached \((DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_\w+)\)/,
    );
    expect(await get(url, { ...HERE, caFile })).toMatchObject({ bytes: 5_000 });
  });

  it('goes through the proxy of the upstream', async () => {
    const { pems, caFile } = await authority();
    const port = await listen(whole, (listener) =>
      createTlsServer({ key: pems.private, cert: pems.cert }, listener),
    );
    const named: string[] = [];
    const proxy = createServer();
    servers.push(proxy);
    proxy.on('connect', (request: IncomingMessage, client: Socket) => {
      named.push(request.url ?? '');
      const far = connect(port, '127.0.0.1', () =>
        client.write('HTTP/1.1 200 Connection established\r\n\r\n'),
      );
      far
        .on('error', () => client.destroy())
        .pipe(client)
        .on('error', () => far.destroy())
        .pipe(far);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port: proxyPort } = proxy.address() as AddressInfo;
    const rules = { ...ELSEWHERE, caFile, proxy: `http://127.0.0.1:${proxyPort}` };
    expect(await get('https://results.example/a.mp4', rules)).toMatchObject({ bytes: 5_000 });
    expect(named).toEqual(['results.example:443']);
    await rm(part());
    expect(await failure('https://10.0.0.1/a.mp4', rules)).toMatch(/leads to a private address/);
    expect(named).toHaveLength(1);
  });

  it('uses no address that is not public and https, however it is written', async () => {
    const port = await listen(whole);
    const forms = [
      `http://127.0.0.1:${port}/`,
      `https://127.0.0.1:${port}/`,
      `https://localhost:${port}/`,
      `https://[::1]:${port}/`,
      `https://127.1:${port}/`,
      `https://0x7f.1:${port}/`,
      `https://2130706433:${port}/`,
      `https://0177.0.0.1:${port}/`,
      `https://0:${port}/`,
      `https://[::ffff:127.0.0.1]:${port}/`,
      `https://[64:ff9b::7f00:1]:${port}/`,
      'https://10.0.0.1/',
      'https://169.254.169.254/latest/meta-data',
      'https://192.168.1.1/',
      'https://100.64.0.1/',
      'https://[fd00::1]/',
      'http://results.example/',
      'https://results.example:8443/',
      'https://user:secret@results.example/',
      'file:///etc/passwd',
      'not an address',
      '',
    ];
    for (const form of forms) {
      expect([form, await failure(form, ELSEWHERE)]).toEqual([
        form,
        expect.stringMatching(/^The address of the result /),
      ]);
    }
    expect(asked).toEqual([]);
    expect(await failure('https://[::ffff:127.0.0.1]/')).toMatch(/leads to a private address/);
  });

  it('goes to no name that leads to this machine, wholly or in part', async () => {
    await listen(whole);
    const lookup = ((_: string, __: object, callback: (error: null, found: object[]) => void) =>
      callback(null, [
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ])) as unknown as LookupFunction;
    const said = await failure(`https://results.example/`, { ...ELSEWHERE, lookup });
    expect(said).toBe(`results.example leads to a private address: it was not used.`);
    expect(asked).toEqual([]);
  });

  it('follows three redirects, each judged as the first, and no fourth', async () => {
    let left = 3;
    const port = await listen((request, response) => {
      left -= 1;
      if (left < 0) return whole(request, response);
      return void response.writeHead(302, { location: `/again-${left}` }).end('moved');
    });
    expect(await get(`http://127.0.0.1:${port}/first`)).toMatchObject({ bytes: 5_000 });
    expect(asked.map(({ url }) => url)).toEqual(['/first', '/again-2', '/again-1', '/again-0']);
    left = 4;
    expect(await failure(`http://127.0.0.1:${port}/first`)).toMatch(/redirected more than 3 times/);
    const away = await listen(
      (_, response) => void response.writeHead(307, { location: 'http://10.1.2.3/x' }).end(),
    );
    expect(await failure(`http://127.0.0.1:${away}/`)).toMatch(
      /^The address that the result is redirected to is not https \(http:\/\/10\.1\.2\.3\)/,
    );
  });

  it('is given up above its limit in bytes', async () => {
    const port = await listen(whole);
    const said = await failure(`http://127.0.0.1:${port}/`, { ...HERE, bytesMax: 4_999 });
    expect(said).toMatch(/more than 4999 bytes/);
  });

  it('is given up where nothing comes for half a minute, before the answer or within it', async () => {
    const clock = createManualClock(0);
    const silent = [
      () => undefined,
      (_: IncomingMessage, response: ServerResponse) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('begins');
      },
    ];
    for (const answer of silent) {
      const port = await listen(answer);
      let error: unknown = null;
      const options = { rules: HERE, clock, signal: new AbortController().signal };
      const ended = download(`http://127.0.0.1:${port}/`, part(), options).catch(
        (caught: unknown) => (error = caught),
      );
      await advanceUntil(clock, () => error);
      await ended;
      expect((error as Error | null)?.message).toMatch(/sent nothing for too long/);
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it('ends when it is stopped', async () => {
    const stop = new AbortController();
    const port = await listen((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('begins', () => stop.abort());
    });
    const options = { rules: HERE, clock: systemClock, signal: stop.signal };
    await expect(download(`http://127.0.0.1:${port}/`, part(), options)).rejects.toThrow(
      'The download was stopped.',
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('says where it cannot write, and never shows a signed address', async () => {
    const port = await listen(whole);
    const nowhere = path.join(folder, 'missing', 'a.part');
    const options = { rules: HERE, clock: systemClock, signal: new AbortController().signal };
    const url = `http://127.0.0.1:${port}/a?token=signed-by-kling`;
    await expect(download(url, nowhere, options)).rejects.toThrow(`${nowhere} cannot be written (ENOENT).`);
    for (const server of servers) server.close();
    servers[0]?.closeAllConnections();
    const said = await failure(url);
    expect(said).toMatch(/could not be reached \(ECONNREFUSED\)/);
    expect(said).not.toContain('signed');
  });
});
