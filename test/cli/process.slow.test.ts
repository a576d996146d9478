import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createEmulator } from '../../src/emulator/emulator.ts';
import { launch, type Started } from './launch.ts';

const BIN = path.resolve(import.meta.dirname, '../../bin/kling-sidecar.js');
let folder = '';
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kling-process-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function run(
  args: readonly string[],
  env: Record<string, string>,
  execArgs: readonly string[] = [],
): Started {
  const started = launch([process.execPath, ...execArgs, BIN, ...args], { cwd: folder, env });
  children.push(started.child);
  return started;
}

const PORTS = { KLING_SIDECAR__LISTEN__PORT: '0', KLING_SIDECAR__CONTROL__PORT: '0' };

describe('the process', () => {
  it('checks Node’s version before it loads anything, and says what to do', async () => {
    const pretend = 'Object.defineProperty(process,"versions",{value:{node:"20.20.2"}})';
    const { exit, text } = run(['status'], {}, [
      '--import',
      `data:text/javascript,${encodeURIComponent(pretend)}`,
    ]);
    expect(await exit).toBe(2);
    expect(text()).toMatch(/needs Node 22\.19 or newer, and this is 20\.20\.2/);
    expect(text()).toMatch(/npm run -s kling-sidecar/);
  });

  it('starts, reads config and secrets again at SIGHUP, keeps the old ones where they are invalid, and drains at SIGTERM', async () => {
    const config = path.join(folder, 'sidecar.config.json');
    writeFileSync(config, JSON.stringify({ budgets: [{ name: 'daily', credits: 5 }] }));
    const { child, says, exit, text } = run([], { ...PORTS, KLING_API_KEY: 'canary-key-1' });
    await says(/"msg":"ready"/);
    writeFileSync(
      config,
      JSON.stringify({ budgets: [{ name: 'daily', credits: 6 }], listen: { host: '::1' } }),
    );
    child.kill('SIGHUP');
    await says(/"changed":\["budgets\[0\]\.credits","listen\.host"\].*read again/);
    await says(/"needRestart":\["listen\.host"\]/);
    writeFileSync(config, '{ "mode": "off" }');
    child.kill('SIGHUP');
    await says(/are not taken: the old ones stay/);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(text()).toMatch(/"msg":"stopped"/);
    expect(text()).not.toContain('canary-key-1');
  });

  it('finishes a create in flight at the first signal, and ends at once with code 1 at the second', async () => {
    const emulator = createEmulator({ clock: systemClock, port: 0 });
    const { url } = await emulator.start();
    const order = { kind: 'no_answer_after_charge', match: { method: 'POST', path: '/v1/' } } as const;
    emulator.addFault(order);
    const env = { ...PORTS, KLING_API_KEY: 'emulator-key', KLING_SIDECAR__UPSTREAM__BASE_URL: url };
    const { child, says, exit, text } = run([], env);
    await says(/"msg":"ready"/);
    const dataUrl = /"data":"([^"]+)"/.exec(text())?.[1] ?? '';
    const create = fetch(`${dataUrl}/v1/videos/text2video`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"model_name":"kling-v1","prompt":"a cat"}',
    }).catch(() => 'cut off');
    while (emulator.book().charges.length === 0) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGTERM');
    await says(/"msg":"stopping/);
    expect(child.exitCode).toBeNull();
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
    expect(await create).toBe('cut off');
    await emulator.stop();
  });

  it('waits for a store that another one owns, and says who where it may not wait', async () => {
    const first = run([], { ...PORTS, KLING_API_KEY: 'key' });
    await first.says(/"msg":"ready"/);
    const waiting = run([], { ...PORTS, KLING_API_KEY: 'key' });
    const other = run([], { ...PORTS, KLING_API_KEY: 'key', KLING_SIDECAR__STORE__WAIT_FOR_OWNER_MS: '0' });
    expect(await other.exit).toBe(1);
    expect(other.text()).toContain(String(first.child.pid));
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(0);
    await waiting.says(/"msg":"ready"/);
    waiting.child.kill('SIGTERM');
    expect(await waiting.exit).toBe(0);
  });

  it('ends quietly when its reader goes away', async () => {
    const { child, exit, text } = run(['config', 'print'], {});
    child.stdout?.destroy();
    expect(await exit).toBe(0);
    expect(text()).not.toMatch(/EPIPE/);
  });
});
