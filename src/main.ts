/**
 * The process: its own streams and environment handed to the command line, and its exit code set.
 *
 * `bin/kling-sidecar.js` checks Node's version before it loads this; run directly, it needs a Node that strips types.
 */
import { constants, setPriority } from 'node:os';
import { systemClock } from './clock.ts';
import { closeDiagnostics } from './cli/closed-diagnostics.ts';
import { runCli } from './cli/cli.ts';
import type { Terminal } from './cli/terminal.ts';
import { takeEnvironment } from './config/secret-variable.ts';

/** A reader that goes away (`| head`, a closed terminal) ends the command quietly, as it ends others of this kind. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'EIO') process.exit(process.exitCode ?? 0);
  throw error;
}

/** Some systems allow no change; then all go on as equals. */
function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Nothing depends on it but how quick the others are.
  }
}

closeDiagnostics();
process.stdout.on('error', endQuietly);
process.stderr.on('error', endQuietly);

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  stdin: process.stdin,
  isTerminal: process.stdout.isTTY === true,
  isErrTerminal: process.stderr.isTTY === true,
  columns: process.stdout.columns,
  env: takeEnvironment(process.env),
  cwd: process.cwd(),
  clock: systemClock,
  giveWay,
};

// Set, not called: what was written to a pipe is flushed before the process ends by itself.
process.exitCode = await runCli(process.argv.slice(2), terminal);
