import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { cli } from './run-cli.ts';
import { launch } from './launch.ts';

const BIN = path.resolve(import.meta.dirname, '../../bin/kling-sidecar.js');

it('emulate limits slots and requests, and asks for a wait, as its options say', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'kling-emulate-'));
  const limits = ['--video-slots', '2', '--requests-per-minute', '3', '--retry-after', '9'];
  const args = ['--port', '0', ...limits, '--result-bytes', '2147483648'];
  const { child, says, exit } = launch([process.execPath, BIN, 'emulate', ...args], { cwd });
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exit;
    rmSync(cwd, { recursive: true, force: true });
  });
  const [, url = ''] = await says(/"url":"([^"]+)"/);
  const create = async (): Promise<unknown[]> => {
    const response = await fetch(`${url}/v1/videos/text2video`, {
      method: 'POST',
      headers: { authorization: 'Bearer emulator-key', 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'stuck-please' }),
    });
    const { code } = (await response.json()) as { code: number };
    return [code, response.headers.get('retry-after')];
  };
  const answers = [await create(), await create(), await create(), await create()];
  expect(answers).toEqual([
    [0, null],
    [0, null],
    [1303, '9'],
    [1302, '9'],
  ]);
});

it('emulate refuses limits that are no numbers', async () => {
  for (const args of [
    ['--video-slots', 'many'],
    ['--requests-per-minute', '0'],
    ['--retry-after', '-1'],
    ['--result-bytes', '2147483649'],
  ]) {
    expect(await cli(['emulate', ...args], { cwd: tmpdir() }), args.join(' ')).toMatchObject({ code: 2 });
  }
});
