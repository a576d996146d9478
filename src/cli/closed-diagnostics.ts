/**
 * Closes the ways by which a signal makes Node show what the process holds, the key among it: the debugger (SIGUSR1 opens
 * port 9229 without a token), diagnostic reports, heap snapshots, and core files.
 *
 * **Invariant**: no signal opens a port or writes a file, however the process was started. SIGUSR1 and SIGUSR2 do
 * nothing. The flag `--disable-sigusr1` closes the debugger also for the moment before this runs; an operator who wants one
 * starts Node with `--inspect`.
 */
import { writeFileSync } from 'node:fs';

/** Closes them for good. Call it before anything secret is read. */
export function closeDiagnostics(): void {
  process.report.reportOnSignal = false;
  for (const signal of ['SIGUSR1', 'SIGUSR2', ...snapshotSignals()]) {
    process.removeAllListeners(signal);
    // A listener takes the place of the debugger's, and of the end that SIGUSR2 means where nobody listens.
    process.on(signal, ignore);
  }
  leaveMemoryOutOfCores();
}

/** Signals that an option of Node made write heap snapshots. */
function snapshotSignals(): string[] {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  return [...options.matchAll(/--heapsnapshot-signal[= ]["']?(SIG[A-Z0-9]+)/g)].map(([, name = '']) => name);
}

/** Linux dumps what this file says (core(5), Linux man-pages 6.9, read 2026-11-27); other systems have no such file. */
function leaveMemoryOutOfCores(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // Then the system's own limit decides: LimitCORE=0 in the unit for systemd, ulimit -c 0 in a shell.
  }
}

function ignore(): void {
  // Nothing is shown and nothing ends.
}
