import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECTIONS } from '../../src/config/config-schema.ts';
import { load, problemAt } from './load-text.ts';

describe('a secret written into the config', () => {
  const secret = 'abcdef0123456789';
  const cases: [key: string, file: unknown, place: RegExp][] = [
    ['apiKey', { apiKey: secret }, /KLING_API_KEY_FILE/],
    ['auth.apiKey', { auth: { apiKey: secret } }, /KLING_API_KEY/],
    ['auth.accessKey', { auth: { accessKey: secret } }, /KLING_ACCESS_KEY/],
    ['auth.secretKey', { auth: { secretKey: secret } }, /KLING_SECRET_KEY_FILE/],
    ['control.token', { control: { token: secret } }, /KLING_SIDECAR_CONTROL_TOKEN_FILE/],
    ['apps[0].key', { apps: [{ name: 'a', key: secret }] }, /"keyFile"/],
    ['apps[0].secretKey', { apps: [{ name: 'a', accessKey: 'x', secretKey: secret }] }, /"secretKeyFile"/],
    ['alerts.channels[0].webhookUrl', { alerts: { channels: [{ webhookUrl: secret }] } }, /webhookUrlFile/],
    [
      'alerts.channels[0].url',
      { alerts: { channels: [{ url: `https://hooks.slack.com/services/${secret}` }] } },
      /File/,
    ],
    ['environment', { environment: `whsec_${secret}` }, /mode 0600/],
    ['listen.host', { listen: { host: `xoxb-${secret}` } }, /./],
    [
      'auth.command[2]',
      { auth: { command: ['curl', '-H', `Authorization: Bearer eyJhbGciOi.${secret}.x`] } },
      /./,
    ],
    ['upstream.proxy', { upstream: { proxy: `http://me:${secret}@proxy:3128` } }, /without user name/],
    ['price.currency', { price: { currency: `sk-${secret}` } }, /./],
  ];

  it.each(cases)('at %s is refused and hidden, and its right place is named', (key, file, place) => {
    const problem = problemAt(key, file);
    expect(problem.value).toBe('[hidden]');
    expect(problem.suggestion).toMatch(place);
    expect(() => load(file)).not.toThrow(new RegExp(secret));
  });

  it('is refused from the environment too', () => {
    const env = { KLING_SIDECAR__ENVIRONMENT: `whsec_${secret}`, KLING_SIDECAR__AUTH__API_KEY: secret };
    expect(problemAt('environment', {}, env)).toMatchObject({
      value: '[hidden]',
      source: 'KLING_SIDECAR__ENVIRONMENT',
    });
    expect(problemAt('KLING_SIDECAR__AUTH__API_KEY', {}, env).suggestion).toMatch(/KLING_API_KEY_FILE/);
    expect(() => load({}, env)).not.toThrow(new RegExp(secret));
  });

  it('never reaches a message, at any place and with any other fault', () => {
    const name = fc.constantFrom('apiKey', 'secretKey', 'token', 'password', 'webhookUrl', 'key');
    const place = fc.constantFrom(...Object.keys(SECTIONS), 'extra');
    fc.assert(
      fc.property(place, name, fc.boolean(), (section, key, isNested) => {
        const value = { [key]: `${secret}Z`, other: 1 };
        const file = { [section]: isNested ? [value] : value };
        expect(() => load(file)).toThrow();
        expect(() => load(file)).not.toThrow(new RegExp(secret));
      }),
      { numRuns: 150 },
    );
  });
});
