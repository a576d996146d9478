/**
 * The processes that the benchmark starts: started, watched, measured from outside through /proc, and ended.
 *
 * **Invariant**: every process that this file started is ended by its own pid before the benchmark exits, also on Ctrl-C;
 * other processes are never ended. Figures come from the kernel, not from the measured process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** `sysconf(_SC_CLK_TCK)`, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const END_GRACE_MS = 5_000;

export interface Command {
  file: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
}

export interface Started {
  pid: number;
  child: ChildProcess;
  /** Standard output and error of the process. */
  logPath: string;
}

const started = new Map<number, ChildProcess>();

/** Starts a process with its output in `logPath`; it is ended at the latest by {@link endAll}. */
export function start(command: Command, logPath: string): Started {
  const log = openSync(logPath, 'a');
  const child = spawn(command.file, command.args, {
    stdio: ['ignore', log, log],
    env: { ...inheritedEnv(), ...command.env },
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  });
  closeSync(log);
  child.on('error', () => undefined);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command.file} could not be started; see ${logPath}`);
  track(child);
  return { pid, child, logPath };
}

/** Adds a child that was spawned elsewhere to those that are ended with the benchmark. */
export function track(child: ChildProcess): void {
  const pid = child.pid;
  if (pid === undefined) return;
  started.set(pid, child);
  child.once('exit', () => started.delete(pid));
}

/** The environment of a measured process: never a credential or a setting of the sidecar. */
function inheritedEnv(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(KLING|npm_|NODE_OPTIONS|OTEL_)/i.test(name)) env[name] = value;
  }
  return env;
}

/** Ends one process: SIGTERM, and SIGKILL if it still runs after five seconds. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const killer = setTimeout(() => child.kill('SIGKILL'), END_GRACE_MS);
    child.once('exit', () => {
      clearTimeout(killer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Ends everything that is still running. */
export async function endAll(): Promise<void> {
  await Promise.all([...started.values()].map(end));
}

/** Gets a free TCP port on loopback from the kernel. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the kernel gave no port'));
      });
    });
  });
}

/** Gives a program's path if it is installed, also in system folders that a user's PATH may not have. */
export function findProgram(name: string): string | null {
  for (const folder of [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']) {
    if (folder === '') continue;
    try {
      const path = join(folder, name);
      closeSync(openSync(path, 'r'));
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

interface StatLine {
  parent: number;
  cpuTicks: number;
}

function readStat(pid: number): StatLine | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in parentheses, may hold spaces: fields are counted after it (proc(5)).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), cpuTicks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return null;
  }
}

/** Gives the process and all its descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(Number(name));
    if (stat === null) continue;
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), Number(name)]);
  }
  const tree: number[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    tree.push(pid);
    waiting.push(...(children.get(pid) ?? []));
  }
  return tree;
}

/** User and system time of a process tree, all threads, in microseconds; steps of 10 ms. */
export function cpuMicroseconds(root: number): number {
  let ticks = 0;
  for (const pid of processTree(root)) ticks += readStat(pid)?.cpuTicks ?? 0;
  return (ticks * 1e6) / TICKS_PER_SECOND;
}

/** Time on a CPU of the main thread alone (for Node: its event loop), in microseconds; steps of 1 ns. */
export function mainThreadMicroseconds(pid: number): number {
  const [nanoseconds = '0'] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
  return Number(nanoseconds) / 1e3;
}

export interface Memory {
  residentBytes: number;
  peakBytes: number;
}

/** Resident memory of a process tree, now and at its highest (the sum of each process's own peak). */
export function memory(root: number): Memory {
  const total: Memory = { residentBytes: 0, peakBytes: 0 };
  for (const pid of processTree(root)) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      total.residentBytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
      total.peakBytes += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      // It ended meanwhile.
    }
  }
  return total;
}

/** Sets the peak of a process back to what it holds now (proc(5), clear_refs 5), so that growth can be read. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
