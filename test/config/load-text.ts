/** Loads configs from text, as tests write them. */
import { loadConfig, type LoadedConfig } from '../../src/config/config.ts';
import { ConfigInvalid, type ConfigProblem } from '../../src/config/config-problem.ts';

/** Reads a file that is not there. */
export const missing = (): never => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};

/** Loads a config of this content below /etc/kling. */
export function load(file: unknown, env: Record<string, string> = {}): LoadedConfig {
  const text = typeof file === 'string' ? file : JSON.stringify(file);
  return loadConfig({ env, cwd: '/etc/kling', readFile: () => text });
}

/** Gives what is wrong with a config. */
export function problemsOf(file: unknown, env: Record<string, string> = {}): readonly ConfigProblem[] {
  try {
    load(file, env);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
  return [];
}

/** Gives the problem of one key, which must be there. */
export function problemAt(key: string, file: unknown, env: Record<string, string> = {}): ConfigProblem {
  const found = problemsOf(file, env);
  const problem = found.find((candidate) => candidate.key === key);
  if (!problem)
    throw new Error(`no problem at ${key}, but at ${found.map((one) => one.key).join(', ') || 'none'}`);
  return problem;
}
