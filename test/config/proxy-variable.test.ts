import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';

const warningsOf = (env: Record<string, string>, upstream: object = {}): readonly string[] =>
  loadConfig({ env, cwd: '/nowhere', readFile: () => JSON.stringify({ upstream }) }).warnings;

describe('a proxy variable', () => {
  it.each(['HTTPS_PROXY', 'https_proxy', 'Https_Proxy', 'ALL_PROXY'])(
    '%s is named, with what to set instead',
    (name) => {
      const [warning, ...rest] = warningsOf({ [name]: 'http://user:pass@proxy.internal:3128' });
      expect(rest).toEqual([]);
      expect(warning).toMatch(new RegExp(`^${name} is set and not used: .*upstream\\.proxy`));
      expect(warning).not.toMatch(/pass|proxy\.internal/);
    },
  );

  it('is not named where upstream.proxy is set, where the upstream is on this machine, or where it is exempt', () => {
    const env = { HTTPS_PROXY: 'http://proxy.internal:3128' };
    expect(warningsOf(env, { proxy: 'http://proxy.internal:3128' })).toEqual([]);
    expect(warningsOf(env, { baseUrl: 'http://127.0.0.1:5566' })).toEqual([]);
    expect(warningsOf({ ...env, NO_PROXY: 'localhost, .klingai.com' })).toEqual([]);
    expect(warningsOf({ ...env, no_proxy: '*' })).toEqual([]);
    expect(warningsOf({ ...env, no_proxy: 'ingai.com' })).toHaveLength(1);
    expect(warningsOf({ HTTPS_PROXY: '' })).toEqual([]);
    expect(warningsOf({ HTTP_PROXY: 'http://proxy.internal:3128' })).toEqual([]);
  });
});
