import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from './free-port.ts';
import { cli } from './run-cli.ts';
import { launch, type Started } from './launch.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const BIN = path.join(PROJECT, 'bin/kling-sidecar.js');
let folder = '';
let env: Record<string, string> = {};
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'kling-running-'));
  writeConfig({});
  env = { KLING_API_KEY: 'canary-key-1', KLING_SIDECAR_CONFIG: path.join(folder, 'sidecar.config.json') };
  env['KLING_SIDECAR__CONTROL__PORT'] = String(await freePort());
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function writeConfig(config: object): void {
  const listen = { port: 0 };
  writeFileSync(path.join(folder, 'sidecar.config.json'), JSON.stringify({ listen, ...config }));
}

function start(command: readonly string[] = [process.execPath, BIN, 'start']): Started {
  const quiet = { npm_config_update_notifier: 'false', npm_config_cache: path.join(folder, 'npm') };
  const cwd = command[0] === 'npm' ? PROJECT : folder;
  const started = launch(command, { cwd, env: { ...env, ...quiet } });
  children.push(started.child);
  return started;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('npm start', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const)(
    'leaves no sidecar behind when npm gets %s: it drains and ends',
    async (signal) => {
      const npm = start(['npm', 'start']);
      const pid = Number((await npm.says(/"pid":(\d+)/))[1]);
      expect(pid).not.toBe(npm.child.pid);
      npm.child.kill(signal);
      await npm.exit;
      expect(npm.text()).toMatch(/"msg":"stopped"/);
      // The system's first process takes an orphan's end a moment later.
      while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
    },
  );

  it('takes a Ctrl-C once, though the terminal and npm both send it', async () => {
    const npm = start(['npm', 'start']);
    const pid = Number((await npm.says(/"pid":(\d+)/))[1]);
    process.kill(pid, 'SIGINT');
    npm.child.kill('SIGINT');
    expect(await npm.exit).toBe(0);
    expect(npm.text()).toMatch(/"msg":"stopped"/);
  });
});

describe('a start', () => {
  it('says once what it runs with: mode, upstream, credentials, budgets, store and process', async () => {
    writeConfig({
      mode: 'observe',
      budgets: [{ name: 'month', usd: 14, window: 'month', timeZone: 'Europe/Berlin' }],
    });
    const { child, says, text } = start();
    const [line] = await says(/.*"msg":"ready".*/);
    expect(JSON.parse(line)).toMatchObject({
      pid: child.pid,
      mode: 'observe',
      upstream: 'https://api-singapore.klingai.com',
      credentials: 'API key',
      credentialsFrom: 'KLING_API_KEY',
      budgets: [
        { name: 'month', limitCredits: 1000, limitUsd: 14, window: 'month', timeZone: 'Europe/Berlin' },
      ],
      store: path.join(folder, 'data/sidecar.db'),
      note: expect.stringContaining('Nothing is refused for money'),
    });
    expect(text()).not.toContain('canary-key-1');
  });

  it('says that the default budget is 1,000 credits a day, and how to change it', async () => {
    writeConfig({ budgets: [{ name: 'daily', credits: 1000 }] });
    const { says } = start();
    const [line] = await says(/.*"msg":"ready".*/);
    expect((JSON.parse(line) as { note: string }).note).toMatch(
      /refused above 1,000 credits a day.*edit "budgets" in .*sidecar\.config\.json and run kling-sidecar reload/,
    );
  });

  it('says at once for which process it waits, since when that one runs and how long it waits', async () => {
    const first = start();
    await first.says(/"msg":"ready"/);
    env['KLING_SIDECAR__STORE__WAIT_FOR_OWNER_MS'] = '90000';
    const second = start();
    await second.says(
      new RegExp(`waiting for process ${first.child.pid} on \\S+ \\(since 20[^)]+Z\\) .* at most 90 s`),
    );
    expect(isAlive(first.child.pid ?? 0)).toBe(true);
    second.child.kill('SIGTERM');
    expect(await second.exit).toBe(0);
  });

  it('ends though nobody reads its log any more', async () => {
    const { child, says, exit } = start();
    await says(/"msg":"ready"/);
    child.stdout?.destroy();
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
  });
});

describe('reload and stop', () => {
  const order = (...args: string[]) => cli(args, { cwd: folder, env });

  it('reload says what changed, what waits for a restart and what is invalid; stop waits until it is gone', async () => {
    const { child, says, exit } = start();
    await says(/"msg":"ready"/);
    writeConfig({ environment: 'blue', listen: { port: 0, host: '127.0.0.2' } });
    const reloaded = await order('reload', '--reason', 'a new name');
    expect(reloaded.out).toMatch(
      /Changed: environment, listen\.host\.\nThese wait for a restart: listen\.host\./,
    );
    writeConfig({ mode: 'off' });
    const invalid = await order('reload');
    expect(invalid.code).toBe(2);
    expect(invalid.err).toMatch(/mode is "off"; allowed/);
    writeConfig({ listen: { port: 0, tls: { port: 0, certFile: 'a', keyFile: 'b' } } });
    const noFile = await order('reload');
    expect(noFile.code).toBe(2);
    expect(noFile.err).toMatch(/listen\.tls\.certFile names .* which cannot be read/);
    await says(/are not taken: the old ones stay/);
    writeConfig({});
    const stopped = await order('stop', '--json');
    expect(JSON.parse(stopped.out)).toEqual({ pid: child.pid, stopped: true });
    expect(isAlive(child.pid ?? 0)).toBe(false);
    expect(await exit).toBe(0);
  });

  it('both say plainly that nothing runs', async () => {
    for (const command of ['reload', 'stop']) {
      const { code, err } = await order(command);
      expect(code).toBe(1);
      expect(err).toMatch(/No sidecar is running: nothing answers at 127\.0\.0\.1:\d+\.\n/);
    }
  });

  it('name the process that owns the store where the control plane cannot be found', async () => {
    const { child, says } = start();
    await says(/"msg":"ready"/);
    const elsewhere = { ...env, KLING_SIDECAR__CONTROL__PORT: String(await freePort()) };
    const { code, err } = await cli(['stop'], { cwd: folder, env: elsewhere });
    expect(code).toBe(1);
    expect(err).toContain(`process ${child.pid} on`);
    expect(isAlive(child.pid ?? 0)).toBe(true);
  });
});
