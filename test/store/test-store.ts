/** Temporary folders, stores in them, and child processes that open them. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import { openStore, type OpenStoreOptions } from '../../src/store/sqlite/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { testWorkers } from './test-workers.ts';

const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** Has something done after the test, last first. */
export function afterTest(cleanUp: () => unknown): void {
  cleanUps.push(cleanUp);
}

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'store-test-'));
  afterTest(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function tempStorePath(): string {
  return join(tempFolder(), 'sidecar.db');
}

/** Opens a store that is closed after the test. */
export async function openTestStore(
  path: string,
  options: Partial<OpenStoreOptions> & { schema?: string } = {},
): Promise<Store> {
  const { schema, ...rest } = options;
  const store = await openStore({ path, clock: systemClock, workers: testWorkers(schema), ...rest });
  afterTest(() => store.close());
  return store;
}

/** Gives the error that a promise rejects with; fails when it resolves. */
export async function refusalOf(promise: Promise<unknown>): Promise<SidecarError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof SidecarError) return outcome.error;
  throw new Error(`expected a SidecarError, got ${JSON.stringify(outcome)}`);
}

export interface Child {
  process: ChildProcessWithoutNullStreams;
  /** The next line it prints; undefined at its end. */
  line(): Promise<string | undefined>;
  /** Kills it and waits for its end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

const STORE_CHILD = new URL('./store-child.ts', import.meta.url);

/** Starts `store-child.ts` or another script, optionally inside another command such as `unshare`. */
export function startChild(args: string[], inside: string[] = [], entry = STORE_CHILD): Child {
  const script = fileURLToPath(entry);
  const [command = '', ...rest] = [...inside, process.execPath, script, ...args];
  const child = spawn(command, rest, { stdio: 'pipe' });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, 'exit');
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  child.stderr.resume();
  afterTest(() => kill());
  return {
    process: child,
    async line() {
      const next = await lines.next();
      return next.done ? undefined : next.value;
    },
    kill,
  };
}

/** Gives a function that mounts a small file system for one test; undefined where this user may not. */
export function mountSmall(size = '2m'): (() => string) | undefined {
  const mount = (folder: string): boolean =>
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', folder]).status === 0;
  const unmount = (folder: string): void => void spawnSync('umount', ['-l', folder]);
  const trial = tempFolder();
  if (!mount(trial)) return undefined;
  unmount(trial);
  return () => {
    const folder = tempFolder();
    if (!mount(folder)) throw new Error(`${folder} was not mounted`);
    afterTest(() => unmount(folder));
    return folder;
  };
}

/** Gives the free space of a folder's file system, in bytes. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
