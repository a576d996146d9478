import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { SECTIONS } from '../../src/config/config-schema.ts';
import { describeConfig, describeRunning } from '../../src/config/describe-config.ts';
import { describeSecrets } from '../../src/config/describe-secrets.ts';
import { Secret } from '../../src/secret.ts';
import { compareConfigs } from '../../src/config/reload.ts';
import { defaultsText, schemaText } from '../../src/config/write-schema.ts';
import { load, missing } from './load-text.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

describe('the defaults', () => {
  it('are written out in docs, with the schema for editors (npm run schema writes both)', () => {
    const shipped = readFileSync(path.join(ROOT, 'docs/sidecar.config.defaults.json'), 'utf8');
    expect(shipped).toBe(defaultsText());
    expect(readFileSync(path.join(ROOT, 'schema.json'), 'utf8')).toBe(schemaText());
    const none = loadConfig({ env: {}, cwd: '/etc/kling', readFile: missing });
    const { $schema: _, ...values } = load(shipped).values;
    expect(none.values).toMatchObject(values);
    expect(load('{}').values).toEqual(none.values);
    expect(none.path).toBeNull();
    expect(Object.keys(JSON.parse(shipped) as object)).toEqual(Object.keys(SECTIONS));
  });

  it('are those of the contract where money and safety depend on them', () => {
    const { config } = load({});
    expect(config.listen).toMatchObject({
      hosts: ['127.0.0.1', '::1'],
      port: 5564,
      maxBodyMiB: 128,
      drainMs: 25_000,
    });
    expect(config.control).toMatchObject({ hosts: ['127.0.0.1', '::1'], port: 5565 });
    expect(config.upstream).toMatchObject({
      baseUrl: 'https://api-singapore.klingai.com',
      timeoutMs: 30_000,
    });
    expect(config.creates).toMatchObject({
      unknownRoute: 'hold',
      unknownRouteCredits: 450_000,
      deadlineMs: 25_000,
    });
    expect(config.budgets).toEqual([
      {
        name: 'daily',
        limit: 1_000_000,
        window: 'day',
        timeZone: 'UTC',
        alertAt: [0.8],
        mode: 'enforce',
        match: {},
        per: null,
      },
    ]);
    expect(config.store.path).toBe('/etc/kling/data/sidecar.db');
  });
});

describe('a loaded config', () => {
  it('is frozen all the way down', () => {
    const { config } = load({
      limits: { concurrency: { video: 5 } },
      sla: { terms: [{ from: '2026-03-17', to: '2026-06-16' }] },
    });
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(visit);
    };
    visit(config);
  });

  it('turns credits and dollars into thousandths of a credit', () => {
    const { config } = load({
      budgets: [
        { name: 'a', credits: 12.345 },
        { name: 'b', usd: 14 },
        { name: 'c', usd: 1 },
      ],
      creates: { maxCreditsEach: 0.5, unknownRouteCredits: 0 },
      apps: [{ name: 'studio', keyFile: 'keys/studio', maxCreditsEach: 70 }],
      pricing: { overrides: [{ operation: 'tts', creditsEach: 0.05, sound: 'on', from: '2026-12-01' }] },
    });
    expect(config.budgets.map(({ limit }) => limit)).toEqual([12_345, 1_000_000, 71_428]);
    expect(config.creates).toMatchObject({ maxCreditsEach: 500, unknownRouteCredits: 0 });
    expect(config.apps[0]).toMatchObject({
      maxCreditsEach: 70_000,
      auth: { kind: 'key', keyFile: '/etc/kling/keys/studio' },
    });
    expect(config.pricing.overrides[0]).toEqual({
      operation: 'tts',
      path: null,
      model: null,
      mode: null,
      sound: true,
      amount: { per: 'each', credits: 50 },
      from: Date.UTC(2026, 11, 1),
    });
  });

  it('starts relative paths at the config file’s folder and leaves absolute ones alone', () => {
    const file = {
      listen: { tls: { certFile: 'tls/cert.pem', keyFile: '/abs/key.pem' } },
      upstream: { caFile: '../ca.pem' },
      auth: { trustedDirectories: ['secrets'], command: 'vault read kling' },
      apps: [{ name: 'signer', accessKey: 'ak', secretKeyFile: 'sk' }],
    };
    const { config } = loadConfig({
      path: 'conf/kling.json',
      env: {},
      cwd: '/srv',
      readFile: () => JSON.stringify(file),
    });
    expect(config.listen.tls).toEqual({
      port: 5574,
      certFile: '/srv/conf/tls/cert.pem',
      keyFile: '/abs/key.pem',
    });
    expect(config.upstream.caFile).toBe('/srv/ca.pem');
    expect(config.auth).toEqual({
      mode: 'auto',
      command: ['vault', 'read', 'kling'],
      account: null,
      trustedDirectories: ['/srv/conf/secrets'],
    });
    expect(config.apps[0]?.auth).toEqual({ kind: 'ak_sk', accessKey: 'ak', secretKeyFile: '/srv/conf/sk' });
    expect(config.store.path).toBe('/srv/conf/data/sidecar.db');
  });

  it('brings the upstream to a bare origin and header names to lower case', () => {
    const { config } = load({
      upstream: { baseUrl: 'https://API-beijing.klingai.com:443/', forwardHeaders: ['X-Trace', 'x-trace'] },
    });
    expect(config.upstream.baseUrl).toBe('https://api-beijing.klingai.com');
    expect(config.upstream.forwardHeaders).toEqual(['x-trace']);
  });
});

describe('the config file', () => {
  it('may be missing under its default name, and must exist where it is named', () => {
    expect(() => loadConfig({ path: 'nope.json', env: {}, cwd: '/srv', readFile: missing })).toThrow(
      /--config.*nope\.json/,
    );
    const env = { KLING_SIDECAR_CONFIG: '/srv/gone.json' };
    expect(() => loadConfig({ env, cwd: '/', readFile: missing })).toThrow(
      /KLING_SIDECAR_CONFIG is \/srv\/gone\.json/,
    );
  });

  it('is found by --config before the environment, and by the environment before the folder', () => {
    const seen: string[] = [];
    const readFile = (file: string): string => {
      seen.push(file);
      return '{}';
    };
    const env = { KLING_SIDECAR_CONFIG: 'b.json' };
    loadConfig({ path: 'a.json', env, cwd: '/srv', readFile });
    loadConfig({ env, cwd: '/srv', readFile });
    loadConfig({ env: {}, cwd: '/srv', readFile });
    expect(seen).toEqual(['/srv/a.json', '/srv/b.json', '/srv/sidecar.config.json']);
  });

  it('is refused with line and column if it is not JSON, without showing its text', () => {
    const text = '{\n  "mode": "protect",\n  "apiKey": sk-1234567890abcdef\n}';
    expect(() => load(text)).toThrow(/line 3, column 13/);
    expect(() => load(text)).not.toThrow(/1234567890/);
    expect(() => load('')).toThrow(/an empty file/);
    expect(() => load('[]')).toThrow(/a list; allowed: one JSON object/);
  });
});

describe('printing', () => {
  it('shows every value with its origin, and secrets of the environment masked', () => {
    const lines = describeConfig(load({ mode: 'observe' }));
    expect(lines).toContainEqual({ key: 'mode', value: 'observe', origin: 'file' });
    expect(lines).toContainEqual({ key: 'budgets[0].credits', value: 1000, origin: 'default' });
    const env = {
      KLING_API_KEY: 'real-key',
      KLING_SECRET_KEY_FILE: '/run/secrets/sk',
      OPS_HOOK: 'https://x',
    };
    expect(describeSecrets(env, ['OPS_HOOK', 'OTHER_HOOK'])).toEqual([
      { key: 'KLING_API_KEY', value: '[redacted]', origin: 'env:KLING_API_KEY' },
      { key: 'KLING_SECRET_KEY_FILE', value: '/run/secrets/sk', origin: 'env:KLING_SECRET_KEY_FILE' },
      { key: 'OPS_HOOK', value: '[redacted]', origin: 'env:OPS_HOOK' },
    ]);
    expect(describeConfig(load({}, env))).toEqual(expect.arrayContaining(describeSecrets(env, [])));
  });

  it('masks a value that holds a known secret, as it is or encoded', () => {
    const key = 'a-key-of-nobody/with+signs';
    const of = (value: unknown, env = {}): unknown =>
      describeConfig(load({ claims: { claimant: { company: value } } }, env), [new Secret(key)]).find(
        (line) => line.key === 'claims.claimant.company',
      )?.value;
    for (const form of [key, encodeURIComponent(key), Buffer.from(`x:${key}`).toString('base64')])
      expect(of(`Films of ${form}`)).toBe('[redacted]');
    expect(of('Films of a-key-of-somebody')).toBe('Films of a-key-of-somebody');
    const named = { KLING_API_KEY_FILE: `/keys/${key}` };
    expect(describeConfig(load({}, named), [new Secret(key)]).at(-1)).toEqual({
      key: 'KLING_API_KEY_FILE',
      value: '[redacted]',
      origin: 'env:KLING_API_KEY_FILE',
    });
  });

  it('shows no argument of the program that gives credentials, and no private part of a channel’s address', () => {
    const of = (file: unknown, key: string): unknown =>
      describeConfig(load(file)).find((line) => line.key === key)?.value;
    const command = (given: unknown): unknown => of({ auth: { command: given } }, 'auth.command');
    expect(command(['curl', '-H', 'X-Vault-Token: s.4711'])).toEqual(['curl', '[redacted]', '[redacted]']);
    expect(command('vault read -token=4711')).toBe('vault [redacted] [redacted]');
    expect(command(null)).toBe(null);
    const address = (url: string): unknown =>
      of({ alerts: { channels: [{ name: 'ops', type: 'webhook', url }] } }, 'alerts.channels[0].url');
    expect(address('https://hooks.example.com/services/in')).toBe('https://hooks.example.com/services/in');
    expect(address('https://hooks.example.com/in/0123456789abcdef')).toBe(
      'https://hooks.example.com/[redacted]',
    );
    expect(address('https://hooks.example.com/in?k=4711')).toBe('https://hooks.example.com/[redacted]');
  });

  it('shows what a running sidecar uses, and what waits for its restart', () => {
    const started = load({ listen: { port: 7000 }, mode: 'observe' });
    const read = load(
      { listen: { maxBodyMiB: 5 }, probes: { port: 9000 } },
      { KLING_SIDECAR__LISTEN__PORT: '7001' },
    );
    const { lines, afterRestart } = describeRunning(started, read, []);
    expect(lines).toEqual(
      expect.arrayContaining([
        { key: 'mode', value: 'protect', origin: 'default' },
        { key: 'listen.port', value: 7000, origin: 'file' },
        { key: 'listen.maxBodyMiB', value: 5, origin: 'file' },
        { key: 'probes', value: null, origin: 'default' },
      ]),
    );
    expect(lines.filter(({ key }) => key.startsWith('probes'))).toHaveLength(1);
    expect(new Set(lines.map(({ key }) => key)).size).toBe(lines.length);
    expect(afterRestart).toEqual([
      { key: 'listen.port', value: 7001, origin: 'env:KLING_SIDECAR__LISTEN__PORT' },
      { key: 'probes.host', value: ['127.0.0.1', '::1'], origin: 'default' },
      { key: 'probes.port', value: 9000, origin: 'file' },
    ]);
    expect(describeRunning(started, started, [])).toEqual({
      lines: describeConfig(started),
      afterRestart: [],
    });
  });
});

describe('reading again', () => {
  it('changes all but listeners and the store’s path, and says what waits', () => {
    const before = load({});
    const after = load({
      listen: { port: 7000, maxBodyMiB: 5 },
      store: { path: 'elsewhere.db' },
      probes: { port: 9000 },
      budgets: [
        { name: 'daily', credits: 50 },
        { name: 'monthly', credits: 900, window: 'month' },
      ],
    });
    const { config, changed, needRestart } = compareConfigs(before, after);
    expect(config.listen).toMatchObject({ port: 5564, maxBodyMiB: 5 });
    expect(config.store.path).toBe('/etc/kling/data/sidecar.db');
    expect(config.probes).toBeNull();
    expect(config.budgets.map(({ limit }) => limit)).toEqual([50_000, 900_000]);
    expect(needRestart).toEqual(['listen.port', 'probes', 'probes.host', 'probes.port', 'store.path']);
    expect(changed).toEqual(
      expect.arrayContaining(['listen.maxBodyMiB', 'budgets[0].credits', 'budgets[1].name']),
    );
    expect(compareConfigs(before, load({}))).toMatchObject({ changed: [], needRestart: [] });
  });
});
