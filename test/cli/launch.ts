/** Starts a real process and follows what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Started {
  child: ChildProcess;
  text: () => string;
  /** Resolves once the output matches; rejects when the process ends before. */
  says: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** The exit code, once its output has ended too: no descendant that shares the output is left then. */
  exit: Promise<number | null>;
}

/** Starts a program with an environment of its own: the search path and what is given. */
export function launch(
  [file = '', ...args]: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Started {
  const child = spawn(file, args, { cwd, env: { PATH: process.env['PATH'] ?? '', ...env } });
  let text = '';
  const listeners = new Set<() => void>();
  const take = (piece: Buffer): void => {
    text += piece.toString('utf8');
    for (const listener of listeners) listener();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const exit = once(child, 'close').then(([code]) => code as number | null);
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(text);
        if (match) resolve(match);
      };
      listeners.add(look);
      void exit.then(() => reject(new Error(`ended without saying ${pattern}:\n${text}`)));
      look();
    });
  return { child, text: () => text, says, exit };
}
