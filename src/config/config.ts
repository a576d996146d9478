/**
 * The configuration: file and environment read into one frozen value, or refused with all problems.
 *
 * **Invariant**: a `Config` is complete, deep-frozen and consistent: its users check nothing again. Amounts
 * are thousandths of a credit, paths absolute, the upstream a bare origin. It never holds a secret, and no problem
 * that is reported shows a value that looks like one.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { channelVariables } from '../alerts/channel-configs.ts';
import { idleJobs } from '../jobs/jobs-config.ts';
import { tierOf } from '../pacing/tiers.ts';
import { readOtlp, type OtlpExports } from '../telemetry/otlp-config.ts';
import { checkValues } from './config-checks.ts';
import { applyEnvironment, environmentProblems, type Environment } from './config-environment.ts';
import { findOrigins, type Origin } from './config-origin.ts';
import { ConfigInvalid, type ConfigProblem } from './config-problem.ts';
import { parseValues } from './config-values.ts';
import { readySections, resolvePaths, type ConfigValues, type ReadySections } from './config-schema.ts';
import { describeSecrets, type ConfigLine } from './describe-secrets.ts';
import { bookedName } from './named-models.ts';
import { isPlainObject } from './plain.ts';
import { unusedProxyWarning } from './proxy-variable.ts';

/** The config in the program's form: each section made ready by its folder. */
export interface Config extends ReadySections {
  /** Names of the budgets whose limit was given in US dollars. */
  readonly usdBudgets: readonly string[];
}

export interface LoadedConfig {
  config: Config;
  /** The same in a file's form, including defaults: for people. */
  values: ConfigValues;
  /** Where each leaf of `values` came from, by its key such as `listen.port` or `budgets[0].credits`. */
  origins: ReadonlyMap<string, Origin>;
  /** Which secrets the environment gives, without their values. */
  givenSecrets: readonly ConfigLine[];
  /** The file that was read, absolute; null if there is none and the defaults apply. */
  path: string | null;
  /** The start of relative paths. */
  folder: string;
  warnings: readonly string[];
}

export interface LoadOptions {
  /** `--config`; wins over `KLING_SIDECAR_CONFIG`, and either over `sidecar.config.json` in `cwd`. */
  path?: string | undefined;
  env: Environment;
  cwd: string;
  /** Reads a file as text; throws with `code` `ENOENT` if there is none. */
  readFile?: (path: string) => string;
}

const DEFAULT_FILE = 'sidecar.config.json';

/**
 * Reads file and environment into one frozen config.
 *
 * @throws ConfigInvalid (`config_invalid`) with every problem, each with key, value, allowed values and a
 *   suggestion; a missing default file is no problem, a missing named one is.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = readConfigFile(options);
  const problems: ConfigProblem[] = environmentProblems(options.env);
  const overridden = applyEnvironment(file.content, options.env);
  problems.push(...overridden.problems);
  const parsed = parseValues(overridden.raw, overridden.sources);
  problems.push(...parsed.problems);
  const checked = checkValues(parsed.values, parsed.brokenSections);
  problems.push(...checked.problems);
  const otlp = readOtlp(parsed.values.telemetry.otlp, options.env);
  problems.push(...otlp.problems);
  if (problems.length > 0) throw new ConfigInvalid(file.name, problems);
  const folder = file.path === null ? options.cwd : path.dirname(file.path);
  const config = deepFreeze(toConfig(resolvePaths(parsed.values, folder), otlp.exports));
  const proxyWarning = unusedProxyWarning(options.env, config.upstream);
  return {
    config,
    values: deepFreeze(parsed.values),
    origins: findOrigins(parsed.values, file.content, overridden.sources),
    givenSecrets: describeSecrets(options.env, channelVariables(config.alerts.channels)),
    path: file.path,
    folder,
    warnings: [
      ...checked.warnings,
      ...idleJobs(parsed.values.jobs, config.alerts.settings),
      ...(proxyWarning === null ? [] : [proxyWarning]),
    ],
  };
}

interface ConfigFile {
  path: string | null;
  /** For messages. */
  name: string;
  content: unknown;
}

function readConfigFile({ path: named, env, cwd, readFile }: LoadOptions): ConfigFile {
  const read = readFile ?? ((target: string): string => readFileSync(target, 'utf8'));
  const asked = named ?? (env['KLING_SIDECAR_CONFIG'] === '' ? undefined : env['KLING_SIDECAR_CONFIG']);
  const target = path.resolve(cwd, asked ?? DEFAULT_FILE);
  let text: string;
  try {
    text = read(target);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    if (code === 'ENOENT' && asked === undefined) return { path: null, name: 'defaults', content: {} };
    const origin = named === undefined ? 'KLING_SIDECAR_CONFIG' : '--config';
    throw fileProblem(target, {
      key: asked === undefined ? DEFAULT_FILE : origin,
      value: target,
      allowed: 'the path of a readable config file',
      suggestion: code === 'ENOENT' ? 'no such file: check the path' : `reading it failed with ${code}`,
    });
  }
  return { path: target, name: target, content: parseJson(target, text) };
}

function parseJson(target: string, text: string): unknown {
  const json = text.replace(/^\uFEFF/, '');
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch {
    throw fileProblem(target, {
      key: path.basename(target),
      value: whereJsonFails(json),
      allowed: 'one JSON object (no comments, no trailing commas)',
      suggestion: 'an editor that knows schema.json marks the place',
    });
  }
  if (isPlainObject(content)) return content;
  throw fileProblem(target, {
    key: path.basename(target),
    value: Array.isArray(content) ? 'a list' : String(content === null ? null : typeof content),
    allowed: 'one JSON object',
    suggestion: 'begin with {"$schema": "./schema.json"}',
  });
}

/** Gives line and column; never the text around, which may hold a secret. */
function whereJsonFails(text: string): string {
  if (text.trim() === '') return 'an empty file';
  const at = firstFault(text);
  if (at >= text.length) return 'text that ends too early';
  const before = text.slice(0, at).split('\n');
  return `not JSON at line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

/** Finds the place where a text is no longer the beginning of JSON; V8 gives it for some faults only. */
function firstFault(text: string): number {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isBeginning(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function isBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const at = /position (\d+)/.exec(message)?.[1];
    return /Unexpected end|Unterminated string/.test(message) || Number(at) >= text.length;
  }
}

function fileProblem(name: string, problem: ConfigProblem): ConfigInvalid {
  return new ConfigInvalid(name, [problem]);
}

function toConfig(values: ConfigValues, exports: OtlpExports | null): Config {
  const tierCreditsPerDay = tierOf(values.limits.tier)?.creditsPerDay ?? null;
  return {
    ...readySections(values, { bookedName, exports, tierCreditsPerDay }),
    usdBudgets: values.budgets.flatMap(({ name, usd }) => (usd === undefined ? [] : [name])),
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}
