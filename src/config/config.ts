/**
 * The configuration: file and environment read into one frozen value, or refused with everything that is wrong.
 *
 * **Invariant**: a `Config` is complete, deep-frozen and consistent: whoever holds one checks nothing again. Amounts
 * are thousandths of a credit, paths absolute, the upstream a bare origin. It never holds a secret, and no problem
 * that is reported shows a value that looks like one.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { toAlertsConfig, type AlertsConfig } from '../alerts/alerts-config.ts';
import { toBudgetRules } from '../budget/budget-config.ts';
import type { BudgetRule } from '../budget/budget-rule.ts';
import type { ClaimsConfig } from '../claims/claims-config.ts';
import {
  toControlConfig,
  toProbesConfig,
  type ControlConfig,
  type ProbesConfig,
} from '../control/control-config.ts';
import { idleJobs, toJobsConfig, type JobsConfig } from '../jobs/jobs-config.ts';
import {
  toAuthConfig,
  toPricingConfig,
  type AuthConfig,
  type PriceConfig,
  type PricingConfig,
} from '../kling/kling-config.ts';
import type { LimitsConfig } from '../pacing/pacing-config.ts';
import type { AccountConfig, TasksConfig } from '../asking/polling-config.ts';
import {
  toAppConfigs,
  toCreatesConfig,
  toListenConfig,
  type AppConfig,
  type CreatesConfig,
  type ListenConfig,
  type RefusalsConfig,
} from '../proxy/proxy-config.ts';
import type { SlaConfig } from '../sla/sla-config.ts';
import type { StoreConfig } from '../store/store-config.ts';
import { readOtlp, type OtlpExports } from '../telemetry/otlp-config.ts';
import type { TelemetryConfig } from '../telemetry/telemetry-config.ts';
import { toUpstreamConfig, type UpstreamConfig } from '../upstream/upstream-config.ts';
import type { EnforceMode } from '../words.ts';
import { checkValues } from './config-checks.ts';
import { applyEnvironment, environmentProblems, type Environment } from './config-environment.ts';
import { findOrigins, type Origin } from './config-origin.ts';
import { resolvePaths } from './config-path.ts';
import { ConfigInvalid, type ConfigProblem } from './config-problem.ts';
import { parseValues } from './config-values.ts';
import type { ConfigValues } from './config-schema.ts';
import { bookedLimits, bookedName } from './named-models.ts';
import { isPlainObject } from './plain.ts';
import { unusedProxyWarning } from './proxy-variable.ts';

/** The config as the program uses it. */
export interface Config {
  readonly mode: EnforceMode;
  readonly environment: string;
  readonly listen: Readonly<ListenConfig>;
  readonly control: Readonly<ControlConfig>;
  readonly probes: Readonly<ProbesConfig>;
  readonly upstream: Readonly<UpstreamConfig>;
  readonly auth: Readonly<AuthConfig>;
  readonly store: Readonly<StoreConfig>;
  readonly apps: readonly AppConfig[];
  readonly budgets: readonly BudgetRule[];
  /** Names of the budgets whose limit was given in US dollars. */
  readonly usdBudgets: readonly string[];
  readonly pricing: Readonly<PricingConfig>;
  readonly creates: Readonly<CreatesConfig>;
  readonly refusals: Readonly<RefusalsConfig>;
  readonly limits: Readonly<LimitsConfig>;
  readonly tasks: Readonly<TasksConfig>;
  readonly account: Readonly<AccountConfig>;
  readonly sla: Readonly<SlaConfig>;
  readonly claims: Readonly<ClaimsConfig>;
  readonly price: Readonly<PriceConfig>;
  readonly alerts: Readonly<AlertsConfig>;
  readonly jobs: Readonly<JobsConfig>;
  readonly telemetry: Readonly<TelemetryConfig>;
}

export interface LoadedConfig {
  config: Config;
  /** The same as it would be written in a file, defaults included: what people are shown. */
  values: ConfigValues;
  /** Where each leaf of `values` came from, by its key such as `listen.port` or `budgets[0].credits`. */
  origins: ReadonlyMap<string, Origin>;
  /** The file read, absolute; null where there is none and defaults hold. */
  path: string | null;
  /** Where relative paths start. */
  folder: string;
  warnings: readonly string[];
}

export interface LoadOptions {
  /** `--config`; wins over `KLING_SIDECAR_CONFIG`, and either over `sidecar.config.json` in `cwd`. */
  path?: string | undefined;
  env: Environment;
  cwd: string;
  /** Reads a file as text; throws with `code` `ENOENT` where there is none. */
  readFile?: (path: string) => string;
}

const DEFAULT_FILE = 'sidecar.config.json';

/**
 * Reads file and environment into one frozen config.
 *
 * @throws ConfigInvalid (`config_invalid`) with every problem found, each naming key, value, what is allowed and a
 *   suggestion; a missing default file is none, a missing named one is.
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

/** Says line and column; never the text around, which may hold a secret. */
function whereJsonFails(text: string): string {
  if (text.trim() === '') return 'an empty file';
  const at = firstFault(text);
  if (at >= text.length) return 'text that ends too early';
  const before = text.slice(0, at).split('\n');
  return `not JSON at line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

/** Finds where a text stops being the beginning of some JSON; V8 tells the place for some faults only. */
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
  const alerts = toAlertsConfig(values.alerts, {
    environment: values.environment,
    account: values.auth.account,
    mode: values.mode,
  });
  return {
    mode: values.mode,
    environment: values.environment,
    listen: toListenConfig(values.listen),
    control: toControlConfig(values.control),
    probes: toProbesConfig(values.probes),
    upstream: toUpstreamConfig(values.upstream),
    auth: toAuthConfig(values.auth),
    store: values.store,
    apps: toAppConfigs(values.apps),
    budgets: bookedBudgets(toBudgetRules(values.budgets, values.price.perCredit)),
    usdBudgets: values.budgets.flatMap(({ name, usd }) => (usd === undefined ? [] : [name])),
    pricing: toPricingConfig(values.pricing),
    creates: toCreatesConfig(values.creates),
    refusals: values.refusals,
    limits: { ...values.limits, concurrency: bookedLimits(values.limits.concurrency) },
    tasks: values.tasks,
    account: values.account,
    sla: values.sla,
    claims: values.claims,
    price: values.price,
    alerts,
    jobs: toJobsConfig(values.jobs, { ...values, rules: alerts.settings.rules }),
    telemetry: { ...values.telemetry, exports },
  };
}

/** Brings the models that budgets match to the names that creates are booked under. */
function bookedBudgets(rules: readonly BudgetRule[]): readonly BudgetRule[] {
  return rules.map((rule) => {
    const { model } = rule.match;
    return model === undefined ? rule : { ...rule, match: { ...rule.match, model: bookedName(model) } };
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}
