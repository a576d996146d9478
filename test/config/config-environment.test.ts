import { describe, expect, it } from 'vitest';
import { load, problemAt, problemsOf } from './load-text.ts';

describe('the environment', () => {
  it('sets every key in any case, and is named as the origin', () => {
    const { config, origins } = load(
      { listen: { port: 1000 }, mode: 'observe' },
      {
        KLING_SIDECAR__LISTEN__PORT: '2000',
        kling_sidecar__listen__maxBodyMib: '7',
        KLING_SIDECAR__STORE__CALL_RETENTION_DAYS: '200',
        KLING_SIDECAR__ENVIRONMENT: '123',
        KLING_SIDECAR__UPSTREAM__PROXY: 'http://127.0.0.1:3128',
        KLING_SIDECAR__APPS: '[{"name":"a","keyFile":"k"}]',
        KLING_SIDECAR__BUDGETS__0__CREDITS: '5',
        KLING_SIDECAR__LIMITS__CONCURRENCY__KLING_V3: '3',
        KLING_SIDECAR__PRICING__ASSUME_SECONDS__LIP_SYNC: '12.5',
      },
    );
    expect(config.listen.port).toBe(2000);
    expect(config.listen.maxBodyMiB).toBe(7);
    expect(config.store.callRetentionDays).toBe(200);
    expect(config.environment).toBe('123');
    expect(config.upstream.proxy).toBe('http://127.0.0.1:3128');
    expect(config.apps).toHaveLength(1);
    expect(config.budgets[0]).toMatchObject({ name: 'daily', limit: 5000 });
    expect(config.limits.concurrency).toEqual({ 'kling-v3': 3 });
    expect(config.pricing.assumeSeconds).toEqual({ 'lip-sync': 12.5 });
    expect(origins.get('listen.port')).toBe('env:KLING_SIDECAR__LISTEN__PORT');
    expect(origins.get('apps[0].name')).toBe('env:KLING_SIDECAR__APPS');
    expect(origins.get('budgets[0].credits')).toBe('env:KLING_SIDECAR__BUDGETS__0__CREDITS');
    expect(origins.get('mode')).toBe('file');
    expect(origins.get('control.port')).toBe('default');
  });

  it('reaches every key of the default config', () => {
    for (const [key] of load({}).origins) {
      const name = `KLING_SIDECAR__${key.replaceAll(/[.[]/g, '__').replaceAll(/[\]$]/g, '').toUpperCase()}`;
      const { values } = load({});
      let value: unknown = values;
      for (const step of key.replaceAll(/[.[\]]+/g, '.').split('.')) {
        if (step !== '') value = (value as Record<string, unknown>)[step];
      }
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      expect(load({}, { [name]: text }).origins.get(key), key).toBe(`env:${name}`);
    }
  });

  it('makes a section that the file leaves null', () => {
    const { config } = load({}, { KLING_SIDECAR__PROBES__PORT: '9090' });
    expect(config.probes).toEqual({ hosts: ['127.0.0.1', '::1'], port: 9090 });
  });

  it('is refused where a name is wrong, with what it may have meant', () => {
    expect(
      problemAt('KLING_SIDECAR__LISTEN__PROT', {}, { KLING_SIDECAR__LISTEN__PROT: '1' }).suggestion,
    ).toMatch(/did you mean KLING_SIDECAR__LISTEN__PORT/);
    expect(
      problemAt('KLING_SIDECAR_LISTEN__PORT', {}, { KLING_SIDECAR_LISTEN__PORT: '1' }).suggestion,
    ).toMatch(/KLING_SIDECAR__LISTEN__PORT/);
    const twice = { KLING_SIDECAR__LISTEN__PORT: '1', KLING_SIDECAR__listen__port: '2' };
    expect(problemsOf({}, twice)[0]?.suggestion).toMatch(/sets the same key/);
    expect(problemsOf({}, { KLING_SIDECAR__BUDGETS__7__CREDITS: '1' })).toHaveLength(1);
    expect(problemsOf({}, { KLING_SIDECAR__: '1' })).toHaveLength(1);
  });

  it('is left alone where others named it, as Kubernetes does for a service of our name', () => {
    const env = { KLING_SIDECAR_PORT: 'tcp://10.0.0.1:5564', KLING_SIDECAR_SERVICE_HOST: '10.0.0.1' };
    expect(problemsOf({}, env)).toEqual([]);
  });

  it('says in a problem which variable set the value', () => {
    const problem = problemAt('listen.port', {}, { KLING_SIDECAR__LISTEN__PORT: 'many' });
    expect(problem).toMatchObject({ value: '"many"', source: 'KLING_SIDECAR__LISTEN__PORT' });
  });
});
