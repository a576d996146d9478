/** A sidecar in a process of its own, on a clock that a test moves, which is killed and started again. */
import { fork, type ChildProcess } from 'node:child_process';
import { end } from '../app/processes.ts';

const PROGRAM = new URL('./moved-process.ts', import.meta.url).pathname;

interface Urls {
  data: string;
  control: string;
}

export class MovedSidecar {
  readonly #folder: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess | null = null;
  #serving = Promise.withResolvers<Urls>();
  #output = '';
  kills = 0;

  /** @param folder holds `sidecar.config.json`, and gets the store. */
  constructor(folder: string, env: Record<string, string>) {
    this.#folder = folder;
    this.#env = env;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Gives the addresses of the process that serves, now or next. */
  serving(): Promise<Urls> {
    return this.#serving.promise;
  }

  /** Its warnings and errors. */
  get output(): string {
    return this.#output;
  }

  /** Starts a process whose clock shows `atMs`; resolves when it serves. */
  async start(atMs: number): Promise<void> {
    const child = fork(PROGRAM, [String(atMs)], {
      cwd: this.#folder,
      env: { PATH: process.env['PATH'], ...this.#env },
      execArgv: [],
      silent: true,
    });
    this.#child = child;
    const take = (text: Buffer): void => void (this.#output += text.toString());
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    this.#serving.resolve(await this.#answer<Urls>(child));
  }

  /** Ends the process by SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    this.#serving = Promise.withResolvers<Urls>();
    this.kills += 1;
    await end(child, 'SIGKILL');
  }

  /** Moves its clock, if it runs. */
  async advance(byMs: number): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const moved = this.#answer(child);
    child.send({ advanceMs: byMs });
    await moved;
  }

  /** Gives the next message of a process; rejects if it ends before. */
  #answer<T>(child: ChildProcess): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (): void => void child.off('message', take).off('exit', fail);
      const take = (message: unknown): void => {
        stop();
        resolve(message as T);
      };
      const fail = (code: number | null, signal: string | null): void => {
        stop();
        reject(new Error(`the sidecar ended with ${code ?? signal}: ${this.#output.slice(-4_000)}`));
      };
      child.once('message', take).once('exit', fail);
    });
  }
}
