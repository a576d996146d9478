import { describe, expect, it } from 'vitest';
import { relayTargetOf } from '../../src/callbacks/relay-target.ts';

const RELAY_TO = ['127.0.0.1:3000', 'hooks.internal:8443', '[::1]:3000'];

describe('an address to which callbacks are relayed', () => {
  it.each([
    [
      'https://app.example.com/hook?a=b',
      { origin: 'https://app.example.com', path: '/hook?a=b', reach: 'public' },
    ],
    ['https://app.example.com:443/', { origin: 'https://app.example.com', path: '/', reach: 'public' }],
    ['https://8.8.8.8/x', { origin: 'https://8.8.8.8', path: '/x', reach: 'public' }],
    ['http://127.0.0.1:3000/x', { origin: 'http://127.0.0.1:3000', path: '/x', reach: 'named' }],
    ['http://127.1:3000/x', { origin: 'http://127.0.0.1:3000', path: '/x', reach: 'named' }],
    ['http://[::1]:3000/', { origin: 'http://[::1]:3000', path: '/', reach: 'named' }],
    ['https://HOOKS.internal:8443/', { origin: 'https://hooks.internal:8443', path: '/', reach: 'named' }],
  ])('may be %s', (url, target) => {
    expect(relayTargetOf(url, RELAY_TO)).toEqual(target);
  });

  it.each([
    'ftp://app.example.com/',
    'file:///etc/passwd',
    'no address',
    '/hook',
    'https://user@app.example.com/',
    'https://:pass@app.example.com/',
    'http://app.example.com/',
    'https://app.example.com:8443/',
    'http://127.0.0.1:3001/',
    'http://127.0.0.1/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://2130706433/',
    'https://10.0.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fd00::1]/',
    'https://localhost/',
    'https://100.64.0.1/',
    `https://app.example.com/${'x'.repeat(2_048)}`,
  ])('is never %s', (url) => {
    const fault = relayTargetOf(url, RELAY_TO);
    expect(fault).toEqual(expect.any(String));
    if (url.length > 10) expect(fault).not.toContain(url);
  });
});
