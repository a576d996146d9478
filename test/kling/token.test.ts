import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import {
  claimedAccessKey,
  createTokenSource,
  verifyAppToken,
  type RefreshReason,
  type TokenSource,
} from '../../src/kling/token.ts';
import { Secret } from '../../src/secret.ts';

const START = Date.UTC(2026, 10, 21, 12, 0, 0, 400);
const SECRET = 'sk-of-thirty-two-characters-long';

interface Bench {
  clock: ManualClock;
  source: TokenSource;
  reasons: [RefreshReason, boolean][];
  next: () => Promise<Claims>;
}
interface Claims {
  iss: string;
  exp: number;
  nbf: number;
}

const claims = (header: string): Claims => {
  expect(header).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
  const [head = '', payload = '', signature] = header.slice(7).split('.');
  expect(createHmac('sha256', SECRET).update(`${head}.${payload}`).digest('base64url')).toBe(signature);
  expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' });
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
};

const bench = (secretKey = new Secret(SECRET)): Bench => {
  const clock = createManualClock(START);
  const reasons: [RefreshReason, boolean][] = [];
  const source = createTokenSource({
    credentials: { kind: 'ak_sk', accessKey: 'ak-1', secretKey },
    clock,
    onRefresh: ({ reason, ok }) => void reasons.push([reason, ok]),
  });
  return { clock, source, reasons, next: async () => claims(await source.authorization()) };
};
const seconds = (ms: number): number => Math.floor(ms / 1000);

describe('an API key', () => {
  it('is sent unchanged, everywhere', async () => {
    const source = createTokenSource({
      credentials: { kind: 'api_key', key: new Secret('key-1') },
      clock: createManualClock(0),
    });
    expect(source.authorization()).toBe('Bearer key-1');
    expect(await source.resign()).toBe('Bearer key-1');
    expect([source.supports('new'), source.supports('legacy'), source.supports('account')]).toEqual([
      true,
      true,
      true,
    ]);
    expect(inspect(source, { depth: 9 }) + JSON.stringify(source)).not.toContain('key-1');
  });
});

describe('a token from access key and secret key', () => {
  it('has the claims of Kling’s sample', async () => {
    const { next, source } = bench();
    expect(await next()).toEqual({ iss: 'ak-1', exp: seconds(START) + 1800, nbf: seconds(START - 5000) });
    expect([source.supports('new'), source.supports('legacy'), source.supports('account')]).toEqual([
      false,
      true,
      true,
    ]);
    expect(inspect(source, { depth: 9, showHidden: true })).not.toContain(SECRET);
  });

  it('is made once and renewed five minutes before it expires', async () => {
    const { clock, source, reasons, next } = bench();
    await next();
    await clock.advance(1_499_000);
    expect(source.authorization()).toBeTypeOf('string');
    await clock.advance(1_000);
    expect(source.authorization()).toBeInstanceOf(Promise);
    expect((await next()).exp).toBe(seconds(START) + 1500 + 1800);
    expect(reasons).toEqual([
      ['first', true],
      ['renew', true],
    ]);
  });

  it('is made by one at a time', async () => {
    const { source, reasons } = bench();
    const headers = await Promise.all([
      source.authorization(),
      source.authorization(),
      source.resign(),
      source.authorization(),
    ]);
    expect(new Set(headers).size).toBe(1);
    expect(reasons).toEqual([['first', true]]);
  });

  it('is replaced when Kling refuses it', async () => {
    const { clock, source, reasons, next } = bench();
    await next();
    await clock.advance(2_000);
    const again = claims(await source.resign());
    expect(again.exp).toBe(seconds(START + 2_000) + 1800);
    expect(await next()).toEqual(again);
    expect(reasons.map(([reason]) => reason)).toEqual(['first', 'resign']);
  });

  it('follows Kling’s clock if ours is off by more than five seconds', async () => {
    const { source, reasons, next } = bench();
    await next();
    source.setClockOffset(4_900);
    expect(source.authorization()).toBeTypeOf('string');
    source.setClockOffset(-120_000);
    expect((await next()).nbf).toBe(seconds(START - 125_000));
    source.setClockOffset(-121_000);
    expect(source.authorization()).toBeTypeOf('string');
    source.setClockOffset(600);
    expect((await next()).nbf).toBe(seconds(START - 5_000));
    expect(reasons.length).toBe(3);
  });

  it('survives a sleep of the machine and a step of its clock, either way', async () => {
    const { clock, next } = bench();
    await next();
    clock.step(START + 1_600_000);
    expect((await next()).exp).toBe(seconds(START + 1_600_000) + 1800);
    clock.step(START - 3_600_000);
    expect((await next()).nbf).toBe(seconds(START - 3_605_000));
    await clock.advance(1_500_000);
    clock.step(START - 3_600_000);
    expect((await next()).exp).toBe(seconds(START - 3_600_000) + 1800);
  });

  it('reports a failure without secrets, and tries again', async () => {
    const secretKey = new Secret(SECRET);
    let fails = true;
    const key = secretKey.key.bind(secretKey);
    secretKey.key = () => {
      if (fails) throw new Error('no key');
      return key();
    };
    const { source, reasons, next } = bench(secretKey);
    await expect(source.authorization()).rejects.toThrow('no key');
    fails = false;
    expect((await next()).iss).toBe('ak-1');
    expect(reasons).toEqual([
      ['first', false],
      ['first', true],
    ]);
  });
});

describe('a token that a caller signed', () => {
  const app = { accessKey: 'app-1', secretKey: new Secret('s3') };
  const sign = (payload: object, { secret = 's3', alg = 'HS256' } = {}): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg, typ: 'JWT' })}.${part(payload)}`;
    return `${text}.${alg === 'none' ? '' : createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const at = seconds(START);
  const clock = createManualClock(START);

  it('names its access key, unverified', () => {
    expect(claimedAccessKey(sign({ iss: 'app-1' }, { secret: 'other' }))).toBe('app-1');
    expect(claimedAccessKey(sign({}))).toBeNull();
    for (const text of ['', 'key', 'a.b.c', '..']) expect(claimedAccessKey(text)).toBeNull();
  });

  it.each([
    ['as Kling’s sample makes it', sign({ iss: 'app-1', exp: at + 1800, nbf: at - 5 }), true],
    ['29 s early', sign({ iss: 'app-1', exp: at + 1800, nbf: at + 29 }), true],
    ['31 s early', sign({ iss: 'app-1', exp: at + 1800, nbf: at + 31 }), false],
    ['29 s late', sign({ iss: 'app-1', exp: at - 29 }), true],
    ['31 s late', sign({ iss: 'app-1', exp: at - 31 }), false],
    ['without an end', sign({ iss: 'app-1' }), false],
    ['of another app', sign({ iss: 'app-2', exp: at + 60 }), false],
    ['with another secret', sign({ iss: 'app-1', exp: at + 60 }, { secret: 's4' }), false],
    ['unsigned', sign({ iss: 'app-1', exp: at + 60 }, { alg: 'none' }), false],
    ['by another algorithm', sign({ iss: 'app-1', exp: at + 60 }, { alg: 'HS384' }), false],
    ['that is none', 'not a token', false],
  ])('%s', async (_, jwt, expected) => {
    expect(await verifyAppToken(jwt, app, clock)).toBe(expected);
  });
});
