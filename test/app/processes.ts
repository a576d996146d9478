/** Real processes of the command, in a folder of their own, and their output. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { until } from './calls.ts';

export const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

export interface Daemon {
  child: ChildProcess;
  dataUrl: string;
  dataTlsUrl: string | null;
  controlUrl: string;
  output(): string;
}

export interface Ended {
  code: number | null;
  output: string;
}

/** Starts `kling-sidecar start` in a folder and waits until it serves. */
export async function startDaemon(
  cwd: string,
  env: Record<string, string>,
  wrap: readonly string[] = [],
): Promise<Daemon> {
  return untilItServes(launch(['start'], { cwd, env }, wrap));
}

/** A process as it was launched: it may not serve yet. */
export interface Launched {
  child: ChildProcess;
  output(): string;
}

/**
 * Waits until a launched `kling-sidecar start` serves.
 * @throws Error with its output where it ends before.
 */
export async function untilItServes({ child, output }: Launched): Promise<Daemon> {
  const ready = await until('the process serves', () => {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`it ended with ${child.exitCode ?? child.signalCode}: ${output()}`);
    }
    const line = output()
      .split('\n')
      .find((text) => text.includes('"data":"http'));
    return line === undefined ? null : (JSON.parse(line) as Record<string, string | null>);
  });
  return {
    child,
    dataUrl: String(ready['data']),
    dataTlsUrl: ready['dataTls'] ?? null,
    controlUrl: String(ready['control']),
    output,
  };
}

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
  wrap: readonly string[] = [],
): Promise<Ended> {
  const { child, output } = launch(args, options, wrap);
  const code = await ended(child);
  return { code, output: output() };
}

/** Sends a signal and waits for the end; gives the exit code. */
export function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  const gone = ended(child);
  child.kill(signal);
  return gone;
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', (code) => resolve(code)));
}

/** Launches a command and gathers its output. */
export function launch(
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
  wrap: readonly string[] = [],
): Launched {
  const [file = process.execPath, ...rest] = [...wrap, process.execPath, MAIN, ...args];
  const options: SpawnOptions = { cwd, env: { PATH: process.env['PATH'], ...env } };
  const child = spawn(file, rest, options);
  let text = '';
  const take = (chunk: Buffer): void => void (text += chunk.toString());
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return { child, output: () => text };
}
