/** Runs the command line in this process, with streams that the test holds. */
import { Readable } from 'node:stream';
import { runCli } from '../../src/cli/cli.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { systemClock } from '../../src/clock.ts';

export interface CliRun {
  code: number;
  out: string;
  err: string;
}

export interface CliOptions {
  cwd?: string;
  env?: Record<string, string>;
  stdin?: string;
  isTerminal?: boolean;
  columns?: number;
  /** Sees each piece of standard output as it is written. */
  onOut?: (text: string) => void;
}

/** A line that is written over: back to its start, text, and the rest of the line cleared. */
// oxlint-disable-next-line no-control-regex -- the terminal's own codes are what it looks for
const PROGRESS = /\r[^\r\n]*\u001b\[K/g;

/** Runs one command to its end. */
export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const run: CliRun = { code: -1, out: '', err: '' };
  run.code = await runCli(args, {
    out: (text) => {
      run.out += text;
      options.onOut?.(text);
    },
    err: (text) => void (run.err += text),
    stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
    isTerminal: options.isTerminal ?? false,
    isErrTerminal: options.isTerminal ?? false,
    columns: options.columns,
    env: options.env ?? {},
    cwd: options.cwd ?? '/nonexistent',
    clock: systemClock,
  });
  // What a terminal shows in the end: a busy machine makes commands say that they are at work, and take it back.
  run.err = run.err.replaceAll(PROGRESS, '');
  return run;
}

/** A terminal that shows nothing, for programs that are only made. */
export function silentTerminal(): Terminal {
  return {
    out: () => undefined,
    err: () => undefined,
    stdin: Readable.from([]),
    isTerminal: false,
    isErrTerminal: false,
    env: {},
    cwd: '/nonexistent',
    clock: systemClock,
  };
}
