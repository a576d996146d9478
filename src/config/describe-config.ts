/** The config in the form of `config print`: every value with its origin, and no secret. */
import type { LoadedConfig } from './config.ts';
import type { Environment } from './config-environment.ts';
import { findSecrets } from './literal-secret.ts';
import { forEachLeaf, keyOf } from './plain.ts';
import { SECRET_VARIABLES } from './secret-variable.ts';

export interface ConfigLine {
  key: string;
  /** Plain JSON, or `[redacted]`. */
  value: unknown;
  /** `default`, `file` or `env:NAME`. */
  origin: string;
}

/** Lists every key with its value and origin; values that look like secrets are masked. */
export function describeConfig({ values, origins }: Pick<LoadedConfig, 'values' | 'origins'>): ConfigLine[] {
  const lines: ConfigLine[] = [];
  forEachLeaf(values, (path, leaf) => {
    const key = keyOf(path);
    const isSecret = findSecrets(leaf, path).length > 0;
    lines.push({ key, value: isSecret ? '[redacted]' : leaf, origin: origins.get(key) ?? 'default' });
  });
  return lines;
}

/**
 * Lists which secrets the environment gives, never their values; a file's name is shown.
 * @param others variables that the config names as secrets.
 */
export function describeSecrets(env: Environment, others: readonly string[]): ConfigLine[] {
  return [...SECRET_VARIABLES, ...others].flatMap((name) => {
    const file = env[`${name}_FILE`];
    return [
      ...(file ? [{ key: `${name}_FILE`, value: file, origin: `env:${name}_FILE` }] : []),
      ...(env[name] ? [{ key: name, value: '[redacted]', origin: `env:${name}` }] : []),
    ];
  });
}
