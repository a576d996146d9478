/** Runs the command line in this process, with streams that the test holds. */
import { Readable } from 'node:stream';
import { runCli } from '../../src/cli/cli.ts';
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
  return run;
}
