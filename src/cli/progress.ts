/**
 * A line on a terminal that shows how long a command has been running; removed before anything else is printed.
 *
 * **Invariant**: it appears only on standard error, only if that is a terminal, and never with `NO_COLOR`.
 */
import type { Ms } from '../units.ts';
import type { Terminal } from './terminal.ts';

/** How long a command may take before it says so, and how often it says for how long. */
const QUIET_MS: Ms = 1_000;

export interface Progress {
  /** The terminal to write to: what is written clears the line first. */
  terminal: Terminal;
  /** Begins to watch a command. */
  begin(what: string): void;
  /** Ends it, and clears the line. */
  end(): void;
}

/** Returns whether progress may be shown. */
export function mayShowProgress({ isErrTerminal, env }: Pick<Terminal, 'isErrTerminal' | 'env'>): boolean {
  return isErrTerminal && (env['NO_COLOR'] ?? '') === '';
}

/** Makes the progress of one command line. */
export function createProgress(terminal: Terminal): Progress {
  let isShown = false;
  let timer: { cancel(): void } | null = null;
  const clear = (): void => {
    if (isShown) terminal.err('\r\u001b[K');
    isShown = false;
  };
  const after =
    (write: (text: string) => void) =>
    (text: string): void => {
      clear();
      write(text);
    };
  return {
    terminal: { ...terminal, out: after(terminal.out), err: after(terminal.err) },
    begin(what) {
      if (!mayShowProgress(terminal)) return;
      const begunTick = terminal.clock.monotonic();
      timer = terminal.clock.every(QUIET_MS, () => {
        const seconds = Math.round((terminal.clock.monotonic() - begunTick) / 1000);
        terminal.err(`\r${what}: at work for ${seconds} s\u001b[K`);
        isShown = true;
      });
    },
    end() {
      timer?.cancel();
      clear();
    },
  };
}
