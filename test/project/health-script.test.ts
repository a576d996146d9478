import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PROJECT } from './source-code.ts';

let folder = '';
let server: Server;
let answer = { status: 200, body: '' };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kling-health-'));
  // What the script falls back to; no Node is on its path.
  writeFileSync(join(folder, 'kling-sidecar'), '#!/bin/bash\necho "the program: $1"\nexit 7\n');
  chmodSync(join(folder, 'kling-sidecar'), 0o755);
  server = createServer((request, response) => {
    expect(request.url).toBe('/readyz');
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function check(port: string): Promise<{ code: number; out: string }> {
  const env = { PATH: folder, KLING_SIDECAR__CONTROL__PORT: port };
  return new Promise((resolve) => {
    const child = execFile('/bin/bash', [join(PROJECT, 'bin/health.sh')], { env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out: out + err }),
    );
  });
}

const own = (): string => String((server.address() as { port: number }).port);

test('the health check is good where the sidecar is ready, without starting anything', async () => {
  answer = { status: 200, body: '{"ready":true,"reasons":[]}' };
  expect(await check(own())).toEqual({ code: 0, out: 'ready\n' });
});

test('it fails where the sidecar is not ready, and says why', async () => {
  answer = { status: 503, body: '{"ready":false,"reasons":["draining"]}' };
  expect(await check(own())).toEqual({ code: 1, out: `${answer.body}\n` });
});

test('it asks the program where another program answers, nothing does, or the port is no number', async () => {
  answer = { status: 200, body: 'hello' };
  const asked = { code: 7, out: 'the program: health\n' };
  expect(await check(own())).toEqual(asked);
  const gone = own();
  server.close();
  await once(server, 'close');
  expect(await check(gone)).toEqual(asked);
  expect(await check('"5565"')).toEqual(asked);
});
