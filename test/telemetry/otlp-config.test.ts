import { describe, expect, test } from 'vitest';
import { readOtlpHeaders, secretsIn } from '../../src/config/otlp-headers.ts';
import { takeEnvironment } from '../../src/config/secret-variable.ts';
import { readOtlp } from '../../src/telemetry/otlp-config.ts';

const signalsOf = (isWanted: boolean, env: Record<string, string>): string[] =>
  Object.entries(readOtlp(isWanted, env).exports ?? {}).flatMap(([name, value]) => (value ? [name] : []));
const keysOf = (env: Record<string, string>): string[] => readOtlp(true, env).problems.map(({ key }) => key);

describe('what is exported', () => {
  test('is nothing by default, all by telemetry.otlp or an endpoint, and one signal by its own variable', () => {
    expect(signalsOf(false, {})).toEqual([]);
    expect(signalsOf(true, {})).toEqual(['traces', 'metrics', 'logs']);
    const all = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
    expect(signalsOf(false, all)).toEqual(['traces', 'metrics', 'logs']);
    expect(signalsOf(false, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:1/v1/traces' })).toEqual([
      'traces',
    ]);
    expect(signalsOf(false, { OTEL_LOGS_EXPORTER: 'otlp' })).toEqual(['logs']);
    expect(signalsOf(false, { ...all, OTEL_METRICS_EXPORTER: 'none' })).toEqual(['traces', 'logs']);
    expect(signalsOf(true, { OTEL_METRICS_EXPORTER: 'prometheus' })).toEqual(['traces', 'logs']);
    expect(signalsOf(true, { ...all, OTEL_SDK_DISABLED: 'true' })).toEqual([]);
  });

  test('is not switched on by an empty variable, which counts as not set', () => {
    expect(signalsOf(false, { OTEL_EXPORTER_OTLP_ENDPOINT: ' ', OTEL_TRACES_EXPORTER: '' })).toEqual([]);
  });

  test('keeps the time-out of an export within its interval', () => {
    const { exports } = readOtlp(true, { OTEL_METRIC_EXPORT_INTERVAL: '5000' });
    expect(exports?.metrics).toMatchObject({ intervalMs: 5000, timeoutMs: 5000 });
  });
});

describe('a variable that OpenTelemetry would silently replace by its default', () => {
  test.each([
    ['OTEL_TRACES_EXPORTER', 'zipkin'],
    ['OTEL_LOGS_EXPORTER', 'console'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_LOGS_PROTOCOL', 'json'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'ftp://collector'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_METRIC_EXPORT_INTERVAL', '0'],
    ['OTEL_BLRP_MAX_QUEUE_SIZE', 'many'],
  ])('%s=%s is one problem', (name, value) => {
    expect(keysOf({ [name]: value })).toEqual([name]);
    expect(readOtlp(false, { [name.includes('ENDPOINT') ? 'OTHER' : name]: value }).exports).toBeNull();
  });

  test('the share of a sampler is one from 0 to 1, and checked only if a sampler reads it', () => {
    const ratio = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' };
    expect(keysOf({ ...ratio, OTEL_TRACES_SAMPLER_ARG: '0.25' })).toEqual([]);
    expect(keysOf({ ...ratio, OTEL_TRACES_SAMPLER_ARG: '25' })).toEqual(['OTEL_TRACES_SAMPLER_ARG']);
    expect(keysOf({ OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: '25' })).toEqual([]);
  });

  test('shows nothing of an endpoint, which may hold a password', () => {
    const { problems } = readOtlp(true, { OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://me:hush@collector' });
    expect(JSON.stringify(problems)).not.toContain('hush');
  });
});

describe('the headers of a collector', () => {
  test('are read from both variables, a signal’s own first, and decoded', () => {
    const headers = readOtlpHeaders({
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20one, x-tenant = films ,broken,=x',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=Bearer%20two',
    });
    const shown = (signal: 'traces' | 'logs') =>
      Object.fromEntries([...headers[signal]].map(([name, value]) => [name, value.reveal()]));
    expect(shown('traces')).toEqual({ authorization: 'Bearer two', 'x-tenant': 'films' });
    expect(shown('logs')).toEqual({ authorization: 'Bearer one', 'x-tenant': 'films' });
    const hidden = secretsIn(headers).map((secret) => secret.reveal());
    expect(hidden).toEqual(expect.arrayContaining(['Bearer two', 'two', 'Bearer one', 'one', 'films']));
  });

  test('leave the environment, so that no program that we start sees them', () => {
    const environment: NodeJS.ProcessEnv = { OTEL_EXPORTER_OTLP_HEADERS: 'a=b', PATH: '/bin' };
    expect(takeEnvironment(environment)['OTEL_EXPORTER_OTLP_HEADERS']).toBe('a=b');
    expect(environment).toEqual({ PATH: '/bin' });
  });
});
