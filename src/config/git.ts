/**
 * What git knows of a folder: which files it tracks, and which it would add.
 *
 * **Invariant**: git is asked for lists alone, for at most ten seconds each, without the sidecar's secrets in its
 * environment, and runs no hook or monitor that the repository configures.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Environment } from './config-environment.ts';

const TIME_MS_MAX = 10_000;
const OUTPUT_BYTES_MAX = 33_554_432;

export interface Repository {
  /** Its top folder, absolute. */
  top: string;
  /** What it tracks, relative to the top, in git's order. */
  tracked: readonly string[];
  /** Of the files that were asked for, those that are neither tracked nor ignored: `git add .` would take them. */
  addable: readonly string[];
}

/** A repository, none, or why it cannot be looked at. */
export type RepositorySearch = { repository: Repository } | { repository: null; problem: string | null };

/**
 * Looks at the repository that a folder is in.
 * @param patterns Pathspecs of files that might be added by mistake, such as `:(glob)**\/.env`.
 */
export async function findRepository(
  folder: string,
  patterns: readonly string[],
  env: Environment,
): Promise<RepositorySearch> {
  const git = (args: readonly string[]): Promise<string> => run(folder, args, env);
  try {
    const top = (await git(['rev-parse', '--show-toplevel'])).replace(/\n$/, '');
    const list = async (...args: string[]): Promise<string[]> =>
      (await run(top, ['ls-files', '-z', ...args], env)).split('\0').filter((name) => name !== '');
    const tracked = await list();
    const addable = await list('--others', '--exclude-standard', '--', ...patterns);
    return { repository: { top, tracked, addable } };
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (/not a git repository/i.test(stderr)) return { repository: null, problem: null };
    const isAbsent = code === 'ENOENT';
    if (isAbsent && !isBelowGit(folder)) return { repository: null, problem: null };
    const why = isAbsent
      ? 'git is not installed'
      : /dubious ownership/i.test(stderr)
        ? 'it belongs to another user'
        : 'git failed';
    return { repository: null, problem: why };
  }
}

/** Returns whether a folder, or one above it, has a repository, without git. */
function isBelowGit(folder: string): boolean {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if (existsSync(path.join(at, '.git'))) return true;
    if (path.dirname(at) === at) return false;
  }
}

function run(folder: string, args: readonly string[], env: Environment): Promise<string> {
  const options = {
    cwd: folder,
    env: {
      PATH: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      ...(env['HOME'] === undefined ? {} : { HOME: env['HOME'] }),
      LC_ALL: 'C',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_TERMINAL_PROMPT: '0',
    },
    timeout: TIME_MS_MAX,
    killSignal: 'SIGKILL' as const,
    maxBuffer: OUTPUT_BYTES_MAX,
    encoding: 'utf8' as const,
    windowsHide: true,
  };
  const safe = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];
  return new Promise((resolve, reject) => {
    const child = execFile('git', [...safe, ...args], options, (error, stdout, stderr) => {
      if (error) reject(Object.assign(error, { stderr }));
      else resolve(stdout);
    });
    child.stdin?.end();
  });
}
