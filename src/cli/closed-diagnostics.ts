/**
 * Switches off everything by which a signal makes Node show the process's memory with the key: the debugger (SIGUSR1 opens
 * port 9229 without a token), diagnostic reports, heap snapshots, and core files.
 *
 * **Invariant**: no signal opens a port or writes a file, at every kind of start. SIGUSR1 and SIGUSR2 do
 * nothing. The flag `--disable-sigusr1` closes the debugger also for the moment before this runs; an operator who wants one
 * starts Node with `--inspect`.
 */
import { writeFileSync } from 'node:fs';

/** Switches them off. Call it before any secret is read. */
export function closeDiagnostics(): void {
  process.report.reportOnSignal = false;
  for (const signal of ['SIGUSR1', 'SIGUSR2', ...snapshotSignals()]) {
    process.removeAllListeners(signal);
    // A listener replaces the debugger's, and prevents the end of the process by a SIGUSR2 without a listener.
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
