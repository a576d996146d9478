import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { end, run, startDaemon, type Daemon } from '../app/processes.ts';

const ENV = { KLING_API_KEY: 'a-key' };
/** A pid namespace of its own, as a container has: every pid 1 looks alike. */
const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child'];
const canUnshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;

let folder: string;
let first: Daemon | null = null;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-two-'));
  const config = { listen: { port: 0 }, control: { port: 0 }, store: { waitForOwnerMs: 300 } };
  await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify(config));
});

afterEach(async () => {
  if (first) await end(first.child, 'SIGKILL');
  first = null;
  await rm(folder, { recursive: true, force: true });
});

describe('a second start on one store', () => {
  it('refuses and names the first, which goes on; after a SIGKILL the store is free at once', async () => {
    first = await startDaemon(folder, ENV);
    const second = await run(['start'], { cwd: folder, env: ENV });
    expect(second.code).not.toBe(0);
    expect(second.output).toContain(String(first.child.pid));
    expect((await fetch(`${first.controlUrl}/readyz`)).status).toBe(200);
    await end(first.child, 'SIGKILL');
    first = await startDaemon(folder, ENV);
    expect(await end(first.child, 'SIGTERM')).toBe(0);
  });

  it.runIf(canUnshare || process.env['CI'])('refuses from another pid namespace too', async () => {
    first = await startDaemon(folder, ENV, UNSHARE);
    const second = await run(['start'], { cwd: folder, env: ENV }, UNSHARE);
    expect(second.code).not.toBe(0);
    expect(second.output).toMatch(/own|another|sidecar/i);
    expect((await fetch(`${first.controlUrl}/readyz`)).status).toBe(200);
  });
});
