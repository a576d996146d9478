import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedApp } from '../app/start-app.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { createText, exchange, requestText, Wire } from './wire.ts';

let folder = '';
let ca = '';
let started: StartedApp;
let url = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-tls-'));
  const pair = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 });
  ca = pair.cert;
  const certFile = path.join(folder, 'cert.pem');
  const keyFile = path.join(folder, 'key.pem');
  await writeFile(certFile, pair.cert);
  await writeFile(keyFile, pair.private);
  await chmod(keyFile, 0o600);
  started = await startProxy({ listen: { tls: { port: 0, certFile, keyFile } } });
  url = started.dataTlsUrl ?? '';
});
afterAll(async () => {
  await started.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the TLS listener', () => {
  it('serves creates and reads as the plain one does', async () => {
    expect(url).toMatch(/^https:\/\//);
    const wire = await Wire.open(url, { ca });
    const made = await wire.send(createText(url)).answer();
    expect(made.status).toBe(200);
    expect(made.header('x-kling-credits-held')).toBe('10');
    const read = await wire
      .send(requestText(url, 'GET /tasks?task_ids=1', { host: `localhost:${new URL(url).port}` }))
      .answer();
    expect(read.json.code).toBe(0);
    wire.close();
  });

  it('refuses the same as the plain one, also malformed bytes', async () => {
    await nothingSent(started.emulator, async () => {
      const cases = [
        [createText(url, { host: 'evil.example' }), 'host_refused', 421],
        [createText(url, { headers: ['Origin: https://evil.example'] }), 'browser_refused', 403],
        [createText(url, { path: '//x' }), 'target_refused', 400],
        ['GET /tasks HTTP/1.1\r\nHost : x\r\n\r\n', 'target_refused', 400],
        ['GET /tasks HTTP/2.0\r\nHost: x\r\n\r\n', 'target_refused', 400],
        [requestText(url, 'GET /tasks', { headers: [`X-A: ${'a'.repeat(17_000)}`] }), 'target_refused', 431],
      ] as const;
      for (const [text, word, status] of cases) {
        const wire = await Wire.open(url, { ca });
        expectRefusal(await wire.send(text).answer(), word, status);
        wire.close();
      }
    });
  });

  it('speaks HTTP/1.1 over TLS 1.2 and later only', async () => {
    const port = Number(new URL(url).port);
    const shake = (options: object): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ...options }, () => {
          resolve(`${socket.getProtocol()} ${String(socket.alpnProtocol)}`);
          socket.destroy();
        });
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
    expect(await shake({ ALPNProtocols: ['h2', 'http/1.1'] })).toBe('TLSv1.3 http/1.1');
    expect(await shake({ maxVersion: 'TLSv1.2' })).toMatch(/^TLSv1\.2 /);
    expect(
      await shake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).toMatch(/^E/);
  });

  it('does not mix up the two: plain bytes get no answer from it, and TLS none from the plain one', async () => {
    await nothingSent(started.emulator, async () => {
      await expect(exchange(url, createText(url))).rejects.toThrow(/without an answer|no status line/);
      const hello = await exchange(started.dataUrl, '\x16\x03\x01\x00\x05hello');
      expectRefusal(hello, 'target_refused', 400);
    });
  });
});
