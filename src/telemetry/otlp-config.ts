/**
 * Reads what is exported by OTLP from the config and the standard `OTEL_*` variables.
 *
 * A signal is exported if `telemetry.otlp` is true, an endpoint is set for it, or its `OTEL_…_EXPORTER` is `otlp`;
 * `none` there and `OTEL_SDK_DISABLED=true` switch it off. OpenTelemetry itself reads endpoints, time-outs, certificates,
 * resource attributes and samplers; values that it would silently replace by a default are refused here.
 */
import type { Ms } from '../units.ts';

export const SIGNALS = ['traces', 'metrics', 'logs'] as const;
export type Signal = (typeof SIGNALS)[number];

export type OtlpProtocol = 'http/protobuf' | 'http/json';

/** How one signal is exported. */
export interface SignalExport {
  readonly protocol: OtlpProtocol;
}

export interface MetricsExport extends SignalExport {
  /** From one export to the next. */
  readonly intervalMs: Ms;
  /** Of one export; never above the interval. */
  readonly timeoutMs: Ms;
}

export interface LogsExport extends SignalExport {
  /** Null leaves OpenTelemetry's default. */
  readonly queueMax: number | null;
  readonly delayMs: Ms | null;
}

/** The exports of each signal; null for one that is not exported. */
export interface OtlpExports {
  readonly traces: SignalExport | null;
  readonly metrics: MetricsExport | null;
  readonly logs: LogsExport | null;
}

/** A variable whose value we cannot use. */
export interface OtlpProblem {
  key: string;
  value: string;
  allowed: string;
  suggestion: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const SAMPLERS: readonly string[] = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
];
const METRIC_INTERVAL_MS: Ms = 60_000;
const METRIC_TIMEOUT_MS: Ms = 30_000;

/** Reads what is to be exported; `isWanted` is `telemetry.otlp`. Nothing is checked if nothing is exported. */
export function readOtlp(
  isWanted: boolean,
  env: Environment,
): { exports: OtlpExports | null; problems: OtlpProblem[] } {
  if (text(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return { exports: null, problems: [] };
  const problems: OtlpProblem[] = [];
  const reading: OtlpVariables = { env, isWanted, problems };
  const traces = signalExport(reading, 'traces');
  const metrics = signalExport(reading, 'metrics');
  const logs = signalExport(reading, 'logs');
  if (!traces && !metrics && !logs) return { exports: null, problems };
  if (traces) checkSampler(reading);
  const exports = {
    traces,
    metrics: metrics && { ...metrics, ...metricTimes(reading) },
    logs: logs && {
      ...logs,
      queueMax: positive(reading, 'OTEL_BLRP_MAX_QUEUE_SIZE'),
      delayMs: positive(reading, 'OTEL_BLRP_SCHEDULE_DELAY'),
    },
  };
  return { exports, problems };
}

interface OtlpVariables {
  env: Environment;
  isWanted: boolean;
  problems: OtlpProblem[];
}

/** An empty variable counts as not set, the same as in OpenTelemetry. */
function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function signalExport(reading: OtlpVariables, signal: Signal): SignalExport | null {
  if (!isExported(reading, signal)) return null;
  for (const name of named(signal, 'ENDPOINT')) checkEndpoint(reading, name);
  return { protocol: protocolOf(reading, signal) };
}

/** Gives a signal's own variable and the one for all signals; the first that is set counts. */
function named(signal: Signal, what: 'ENDPOINT' | 'PROTOCOL'): [own: string, common: string] {
  return [`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${what}`, `OTEL_EXPORTER_OTLP_${what}`];
}

function isExported({ env, isWanted, problems }: OtlpVariables, signal: Signal): boolean {
  const name = `OTEL_${signal.toUpperCase()}_EXPORTER`;
  const words = (text(env, name) ?? '').split(',').map((word) => word.trim());
  const known = signal === 'metrics' ? ['otlp', 'none', 'prometheus'] : ['otlp', 'none'];
  const set = words.filter((word) => word !== '');
  const unknown = set.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    problems.push({
      key: name,
      value: JSON.stringify(unknown.slice(0, 40)),
      allowed: known.join(', '),
      suggestion: 'set it to otlp or none; /metrics and the log on standard output are always there',
    });
    return false;
  }
  if (set.length > 0) return set.includes('otlp');
  return isWanted || named(signal, 'ENDPOINT').some((variable) => text(env, variable) !== undefined);
}

function checkEndpoint({ env, problems }: OtlpVariables, name: string): void {
  const value = text(env, name);
  if (value === undefined || problems.some(({ key }) => key === name)) return;
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return;
  problems.push({
    key: name,
    // It may hold a password.
    value: 'no URL of a collector',
    allowed: 'an http or https URL',
    suggestion: 'give one such as http://localhost:4318',
  });
}

function protocolOf({ env, problems }: OtlpVariables, signal: Signal): OtlpProtocol {
  const name = named(signal, 'PROTOCOL').find((variable) => text(env, variable) !== undefined);
  const value = name === undefined ? 'http/protobuf' : text(env, name);
  if (value === 'http/json' || value === 'http/protobuf') return value;
  const key = name ?? '';
  if (problems.some((problem) => problem.key === key)) return 'http/protobuf';
  problems.push({
    key,
    value: JSON.stringify(value?.slice(0, 40)),
    allowed: 'http/protobuf or http/json',
    suggestion: 'unset it: collectors take http/protobuf, usually at port 4318',
  });
  return 'http/protobuf';
}

function checkSampler({ env, problems }: OtlpVariables): void {
  const sampler = text(env, 'OTEL_TRACES_SAMPLER');
  if (sampler !== undefined && !SAMPLERS.includes(sampler)) {
    problems.push({
      key: 'OTEL_TRACES_SAMPLER',
      value: JSON.stringify(sampler.slice(0, 40)),
      allowed: SAMPLERS.join(', '),
      suggestion: 'unset it to keep every trace that the caller does not leave out',
    });
  }
  const share = text(env, 'OTEL_TRACES_SAMPLER_ARG');
  if (share === undefined || !sampler?.endsWith('ratio')) return;
  if (Number(share) >= 0 && Number(share) <= 1) return;
  problems.push({
    key: 'OTEL_TRACES_SAMPLER_ARG',
    value: JSON.stringify(share.slice(0, 40)),
    allowed: 'a share from 0 to 1',
    suggestion: 'give one such as 0.1',
  });
}

function metricTimes(reading: OtlpVariables): { intervalMs: Ms; timeoutMs: Ms } {
  const intervalMs = positive(reading, 'OTEL_METRIC_EXPORT_INTERVAL') ?? METRIC_INTERVAL_MS;
  const timeoutMs = positive(reading, 'OTEL_METRIC_EXPORT_TIMEOUT') ?? METRIC_TIMEOUT_MS;
  return { intervalMs, timeoutMs: Math.min(intervalMs, timeoutMs) };
}

/** Reads a whole number above 0; null if the variable is not set. */
function positive({ env, problems }: OtlpVariables, name: string): number | null {
  const value = text(env, name);
  if (value === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  problems.push({
    key: name,
    value: JSON.stringify(value.slice(0, 40)),
    allowed: 'a whole number above 0',
    suggestion: 'unset it to use the default',
  });
  return null;
}
