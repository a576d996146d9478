import { describe, expect, it } from 'vitest';
import { controlTargets } from '../../src/sla/watch.ts';
import { load } from '../config/load-text.ts';

const targetsOf = (file: object): readonly string[] => controlTargets(load(file).config);

describe('the addresses of control checks', () => {
  it('are two independent public ones by number and by name before Kling, and none before an upstream on loopback', () => {
    expect(targetsOf({})).toEqual([
      '1.1.1.1:443',
      '223.5.5.5:443',
      'one.one.one.one:443',
      'www.alidns.com:443',
    ]);
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      expect(targetsOf({ upstream: { baseUrl: `http://${host}:5566` } })).toEqual([]);
    }
  });

  it('are those of the config where it names some, or none', () => {
    const upstream = { baseUrl: 'http://127.0.0.1:5566' };
    expect(targetsOf({ upstream, sla: { controlChecks: ['127.0.0.1:9'] } })).toEqual(['127.0.0.1:9']);
    expect(targetsOf({ sla: { controlChecks: [] } })).toEqual([]);
  });
});
