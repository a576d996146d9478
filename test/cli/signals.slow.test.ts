import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NODE_FLAGS } from '../../src/cli/init-files.ts';
import { freePort } from './free-port.ts';
import { launch, type Started } from './launch.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const BIN = path.join(PROJECT, 'bin/kling-sidecar.js');
const MAIN = path.join(PROJECT, 'src/main.ts');
let folder = '';
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kling-signals-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function start(command: readonly string[], env: Record<string, string> = {}): Promise<Started> {
  const started = launch([...command, 'start'], {
    cwd: folder,
    env: {
      KLING_API_KEY: 'canary-key-1',
      KLING_SIDECAR__LISTEN__PORT: '0',
      KLING_SIDECAR__CONTROL__PORT: '0',
      ...env,
    },
  });
  children.push(started.child);
  await started.says(/"msg":"ready"/);
  return started;
}

/** Whether somebody listens where Node's debugger would: at 9229, or at the port that `--inspect-port` names. */
function debuggerListens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Sends signals and shows that they were taken: the hang-up that follows them is logged. */
async function signal({ child, says }: Started, signals: readonly NodeJS.Signals[]): Promise<void> {
  for (const name of signals) child.kill(name);
  child.kill('SIGHUP');
  await says(/were read again/);
}

describe('a signal', () => {
  it.each([
    ['through the command', [BIN]],
    ['run directly, as in a container', ['--disable-sigusr1', MAIN]],
    ['run directly, without the flag', [MAIN]],
  ])('opens no debugger in a process %s', async (_name, command) => {
    const port = await freePort();
    const started = await start([process.execPath, `--inspect-port=${port}`, ...command]);
    await signal(started, ['SIGUSR1', 'SIGUSR1']);
    expect(await debuggerListens(port)).toBe(false);
    expect(started.text()).not.toContain('Debugger listening');
    expect(started.child.exitCode).toBeNull();
  });

  it('opens one in a process of Node’s that does not close it, so that the tests above can fail', async () => {
    const port = await freePort();
    const idle = 'console.log("up");setInterval(() => {}, 1000)';
    const plain = launch([process.execPath, `--inspect-port=${port}`, '-e', idle], { cwd: folder });
    children.push(plain.child);
    await plain.says(/up/);
    plain.child.kill('SIGUSR1');
    await plain.says(/Debugger listening on ws:/);
    expect(await debuggerListens(port)).toBe(true);
  });

  it('writes no report and no heap snapshot, though the environment asks for them, and ends nothing', async () => {
    const started = await start([process.execPath, BIN], {
      NODE_OPTIONS: '--report-on-signal --heapsnapshot-signal=SIGUSR2',
    });
    await signal(started, ['SIGUSR2', 'SIGUSR2']);
    expect(readdirSync(folder).filter((name) => /^report\.|\.heapsnapshot$/.test(name))).toEqual([]);
    started.child.kill('SIGTERM');
    expect(await started.exit).toBe(0);
  });

  it('that dumps a core finds no memory in it, where the system lets a process say so', async () => {
    const { child } = await start([process.execPath, BIN]);
    const filter = `/proc/${child.pid ?? 0}/coredump_filter`;
    expect(existsSync(filter)).toBe(process.platform === 'linux');
    if (process.platform === 'linux') expect(readFileSync(filter, 'utf8').trim()).toBe('00000000');
  });
});

it('cannot open the debugger while npm, systemd or a container start the process, and has the same memory there', () => {
  expect(NODE_FLAGS).toMatch(/^--disable-sigusr1 /);
  const { scripts } = JSON.parse(readFileSync(path.join(PROJECT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const name of ['start', 'demo', 'kling-sidecar'])
    expect(scripts[name]).toContain(`node ${NODE_FLAGS} bin/kling-sidecar.js`);
  const unit = readFileSync(path.join(PROJECT, 'docs/run/kling-sidecar.service'), 'utf8');
  expect(unit).toContain(`/node ${NODE_FLAGS} bin/kling-sidecar.js start\n`);
  expect(unit).toMatch(/^LimitCORE=0$/m);
  expect(readFileSync(path.join(PROJECT, 'Dockerfile'), 'utf8')).toContain(
    `node ${NODE_FLAGS} /app/bin/kling-sidecar.js`,
  );
});
