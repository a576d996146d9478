/** The environment variables that hold or name secrets, and how one of them is chosen. */
import path from 'node:path';
import { Secret } from '../secret.ts';
import type { Environment } from './config-environment.ts';
import { OTLP_HEADER_VARIABLES } from './otlp-headers.ts';
import { invalid, readSecretFile, type SecretFileRules } from './secret-file.ts';

/** Every secret that a variable can hold; with `_FILE` after its name the variable names a file. */
export const SECRET_VARIABLES = [
  'KLING_API_KEY',
  'KLINGAI_API_KEY',
  'KLING_ACCESS_KEY',
  'KLING_SECRET_KEY',
  'KLINGAI_ACCESS_KEY',
  'KLINGAI_SECRET_KEY',
  'KLING_SIDECAR_CONTROL_TOKEN',
  'KLING_WEBHOOK_SECRET',
  'KLING_SIDECAR_RELAY_SECRET',
  'KLING_SIDECAR_S3_ACCESS_KEY_ID',
  'KLING_SIDECAR_S3_SECRET_ACCESS_KEY',
  'KLING_SIDECAR_S3_SESSION_TOKEN',
] as const;
export type SecretVariable = (typeof SECRET_VARIABLES)[number];

/** Secrets of which there are two while one replaces the other. */
const SEVERAL: ReadonlySet<string> = new Set<SecretVariable>([
  'KLING_WEBHOOK_SECRET',
  'KLING_SIDECAR_RELAY_SECRET',
]);

/** Variables that no program that we start may see. */
const HIDDEN_VARIABLES: readonly string[] = [...SECRET_VARIABLES, ...OTLP_HEADER_VARIABLES];

/**
 * Removes the secrets from the process's environment and gives a copy that still has them.
 *
 * Child processes and diagnostic reports do not see them afterwards (the kernel's own copy in
 * /proc/PID/environ stays). Keep the copy: a reload reads it again.
 */
export function takeEnvironment(processEnv: NodeJS.ProcessEnv): Environment {
  const copy = { ...processEnv };
  for (const name of HIDDEN_VARIABLES) delete processEnv[name];
  return copy;
}

/** Removes further variables from the process's environment, once the config that names them as secrets is known. */
export function dropVariables(processEnv: NodeJS.ProcessEnv, names: readonly string[]): void {
  for (const name of names) delete processEnv[name];
}

/** Gives the environment without secrets, and without those of `others`, for programs that we start. */
export function withoutSecrets(env: Environment, others: readonly string[]): Environment {
  const hidden = new Set([...HIDDEN_VARIABLES, ...others]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.has(name)));
}

/** One secret and its origin. */
export interface FoundSecret {
  secret: Secret;
  /** The variable that held or named it. */
  origin: string;
  /** The file it was read from; null for a variable. */
  file: string | null;
}

export interface VariableInput {
  env: Environment;
  /** Relative file names start here. */
  folder: string;
  rules: SecretFileRules;
}

/**
 * Finds the first of some secrets that is set, the file before the variable of each name; warns without showing
 * a value if a later one differs.
 * @throws SidecarError `secret_invalid` if the first one cannot be used.
 */
export function findSecret(names: readonly SecretVariable[], input: VariableInput): FoundSecret | undefined {
  const { env, rules } = input;
  const set = names.flatMap((name) => [`${name}_FILE`, name]).filter((name) => (env[name] ?? '') !== '');
  for (const name of names) if (env[name] === '') rules.warn(`${name} is empty and counts as not set.`);
  const [first, ...others] = set;
  if (first === undefined) return undefined;
  const found = readVariable(first, input);
  for (const other of others) {
    if (!isSame(found, other, input))
      rules.warn(`${other} differs from ${first}, which comes first: ${other} is not used.`);
  }
  return found;
}

function isSame(found: FoundSecret, name: string, input: VariableInput): boolean {
  try {
    const quiet = { ...input, rules: { ...input.rules, warn: () => undefined } };
    return readVariable(name, quiet).secret.equals(found.secret);
  } catch {
    return false;
  }
}

function readVariable(name: string, { env, folder, rules }: VariableInput): FoundSecret {
  const value = env[name] ?? '';
  const check = SEVERAL.has(name.replace(/_FILE$/, '')) ? checkTexts : checkText;
  if (!name.endsWith('_FILE')) return { secret: new Secret(check(name, value)), origin: name, file: null };
  const file = path.resolve(folder, value);
  return { secret: new Secret(check(name, readSecretFile(name, file, rules))), origin: name, file };
}

/** Like {@link checkText}, for several secrets with white space between them. */
function checkTexts(name: string, text: string): string {
  return text
    .trim()
    .split(/\s+/)
    .map((one) => checkText(name, one))
    .join(' ');
}

const SIGN_BETWEEN = /^[A-Za-z0-9]{16,64}([|:,;])[A-Za-z0-9]{16,64}$/;

/**
 * Refuses access key and secret key in one string, the form of some gateways for several vendors.
 * @throws SidecarError `secret_invalid`, without the text.
 */
export function checkIsOne(name: string, text: string): void {
  const sign = SIGN_BETWEEN.exec(text)?.[1];
  if (sign === undefined) return;
  throw invalid(
    name,
    `holds two values with "${sign}" between them, which look like an access key and a secret key in one`,
    `set KLING_ACCESS_KEY to the part before the "${sign}" and KLING_SECRET_KEY to the part after it`,
  );
}

/**
 * Refuses texts that cannot be a secret: several lines, blanks, quotes around it, characters that no header holds.
 * @throws SidecarError `secret_invalid`, without the text.
 */
export function checkText(name: string, text: string): string {
  if (text === '') throw invalid(name, 'is empty', 'give the secret itself');
  if (/[\r\n]/.test(text))
    throw invalid(name, 'holds more than one line', 'give one line with the secret alone');
  if (/^(Bearer|Basic)\s/i.test(text)) {
    throw invalid(name, 'begins with a scheme such as Bearer', 'give the secret itself');
  }
  if (/^(["']).*\1$/.test(text)) throw invalid(name, 'is in quotes', 'remove the quotes');
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw invalid(
      name,
      'holds a blank or a character beyond ASCII',
      'give the secret itself, as Kling shows it',
    );
  }
  return text;
}
