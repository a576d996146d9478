/** Runs commands beside a real app before a real emulator, as a user of its folder would. */
import { Readable } from 'node:stream';
import { runCli } from '../../src/cli/cli.ts';
import { systemClock, type Clock } from '../../src/clock.ts';
import type { StartedApp } from '../app/start-app.ts';
import type { CliRun } from './run-cli.ts';

/** The clock of a command that waits for minutes: they pass within milliseconds, timers as they do. */
export const hastyClock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 100_000 };

export interface RunOptions {
  env?: Record<string, string>;
  clock?: Clock;
  cwd?: string;
}

/** Runs a command with the ports of an app that is running. */
export async function runBeside(
  app: Pick<StartedApp, 'dataUrl' | 'controlUrl' | 'folder'>,
  args: readonly string[],
  { env = {}, clock = systemClock, cwd = app.folder }: RunOptions = {},
): Promise<CliRun> {
  const done: CliRun = { code: -1, out: '', err: '' };
  done.code = await runCli(args, {
    out: (text) => void (done.out += text),
    err: (text) => void (done.err += text),
    stdin: Readable.from([]),
    isTerminal: false,
    isErrTerminal: false,
    env: {
      KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port,
      KLING_SIDECAR__LISTEN__PORT: new URL(app.dataUrl).port,
      ...env,
    },
    cwd,
    clock,
  });
  return done;
}
