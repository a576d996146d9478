/** The secrets that the environment gives, by their names alone. */
import type { Environment } from './config-environment.ts';
import { SECRET_VARIABLES } from './secret-variable.ts';

/** One value of the config, and where it came from. */
export interface ConfigLine {
  key: string;
  /** Plain JSON, or {@link MASKED}. */
  value: unknown;
  /** `default`, `file` or `env:NAME`. */
  origin: string;
}

/** Shown in place of a secret. */
export const MASKED = '[redacted]';

/**
 * Lists which secrets the environment gives, never their values; a file's name is shown.
 * @param others variables that the config names as secrets.
 */
export function describeSecrets(env: Environment, others: readonly string[]): ConfigLine[] {
  return [...SECRET_VARIABLES, ...others].flatMap((name) => {
    const file = env[`${name}_FILE`];
    return [
      ...(file ? [{ key: `${name}_FILE`, value: file, origin: `env:${name}_FILE` }] : []),
      ...(env[name] ? [{ key: name, value: MASKED, origin: `env:${name}` }] : []),
    ];
  });
}
