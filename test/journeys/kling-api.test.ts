import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';

const CLIENT = new URL('./kling-api-client.mjs', import.meta.url).pathname;
const SECRET_KEY = 'studio-secret-key-0123456789abcdef';

let folder = '';
let started: StartedApp | null = null;
afterAll(async () => {
  await started?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('lets kling-api from npm make a video through the TLS listener, signing JWTs of its own', async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-tls-'));
  const inFolder = (name: string): string => path.join(folder, name);
  const pair = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  await writeFile(inFolder('cert.pem'), pair.cert, { mode: 0o600 });
  await writeFile(inFolder('key.pem'), pair.private, { mode: 0o600 });
  await writeFile(inFolder('studio.secret'), SECRET_KEY, { mode: 0o600 });
  started = await startApp({
    config: {
      listen: { tls: { port: 0, certFile: inFolder('cert.pem'), keyFile: inFolder('key.pem') } },
      apps: [{ name: 'studio', accessKey: 'studio-ak', secretKeyFile: inFolder('studio.secret') }],
    },
  });
  const { dataTlsUrl, emulator } = started;
  const client = spawn(process.execPath, [CLIENT, String(dataTlsUrl), 'studio-ak', SECRET_KEY], {
    env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: inFolder('cert.pem') },
  });
  let output = '';
  client.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  client.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => client.once('close', resolve));
  expect(output).toContain('"taskId"');
  expect(code).toBe(0);
  const made = JSON.parse(output.slice(output.indexOf('{"taskId"'))) as { taskId: string; result: unknown };
  expect(emulator.book().charges.map(({ taskId }) => taskId)).toEqual([made.taskId]);
  expect(JSON.stringify(made.result)).toContain('.mp4');
});
