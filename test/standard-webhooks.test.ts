import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../src/secret.ts';
import { checkSignature, readSigningKeys, signatureHeaders, TOLERANCE_MS } from '../src/standard-webhooks.ts';

const keysOf = (text: string) => readSigningKeys('The secret', new Secret(text));

/** Made by others: the vendor's documentation of callbacks, and the tests of the specification's own library. */
const VECTORS = [
  {
    of: 'Kling',
    secret: 'whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=',
    id: '9876543210',
    seconds: 1_781_080_794,
    body: '{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}',
    signature: 'v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=',
  },
  {
    of: 'Standard Webhooks',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    seconds: 1_614_265_330,
    body: '{"test": 2432232314}',
    signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
];

describe('a signature of Standard Webhooks', () => {
  test.each(VECTORS)('is the one that $of made', ({ secret, id, seconds, body, signature }) => {
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signature,
    };
    expect(signatureHeaders(keysOf(secret), { id, at: seconds * 1_000 + 999, body })).toEqual(headers);
    expect(signatureHeaders(keysOf(secret.replace('whsec_', '')), { id, at: seconds * 1_000, body })).toEqual(
      headers,
    );
  });

  test('is made with each secret while one replaces the other', () => {
    const [a, b] = VECTORS;
    const keys = keysOf(`${a?.secret}\n${b?.secret}\n`);
    const { id = '', seconds = 0, body = '', signature } = b ?? {};
    const signatures = signatureHeaders(keys, { id, at: seconds * 1_000, body })['webhook-signature'].split(
      ' ',
    );
    expect(signatures).toHaveLength(2);
    expect(signatures[1]).toBe(signature);
  });

  test('covers every byte of any body', () => {
    const bytes = fc.uint8Array({ minLength: 24, maxLength: 64 });
    fc.assert(
      fc.property(
        bytes,
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 0, max: 4e12 }),
        (key, body, at) => {
          const secret = `whsec_${Buffer.from(key).toString('base64')}`;
          const content = `alr_1.${Math.floor(at / 1_000)}.${body}`;
          const expected = createHmac('sha256', key).update(content).digest('base64');
          expect(signatureHeaders(keysOf(secret), { id: 'alr_1', at, body })['webhook-signature']).toBe(
            `v1,${expected}`,
          );
        },
      ),
    );
  });
});

describe('the check of a signature', () => {
  test.each(VECTORS)('takes the message that $of signed, for five minutes', (vector) => {
    const { secret, id, seconds, body, signature } = vector;
    const keys = keysOf(secret);
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signature,
    };
    const at = seconds * 1_000;
    const check = (over: Record<string, string | undefined>, now = at, bytes = body) =>
      checkSignature(keys, { ...headers, ...over }, { body: Buffer.from(bytes), now });
    expect(check({})).toBe('valid');
    expect(check({ 'webhook-signature': `v1a,abc v1,${'A'.repeat(43)}= ${signature}` })).toBe('valid');
    expect([check({}, at + TOLERANCE_MS), check({}, at - TOLERANCE_MS)]).toEqual(['valid', 'valid']);
    expect([check({}, at + TOLERANCE_MS + 1), check({}, at - TOLERANCE_MS - 1)]).toEqual(['stale', 'stale']);
    expect(
      check({ 'webhook-id': undefined, 'webhook-timestamp': undefined, 'webhook-signature': undefined }),
    ).toBe('absent');
    expect(check({}, at, `${body} `)).toBe('wrong');
    expect(check({ 'webhook-id': `${id}0` })).toBe('wrong');
    expect(check({ 'webhook-timestamp': String(seconds + 1) })).toBe('wrong');
    expect(check({ 'webhook-timestamp': `${seconds}.0` })).toBe('wrong');
    expect(check({ 'webhook-signature': undefined })).toBe('wrong');
    expect(check({ 'webhook-signature': signature.replace('v1,', 'v1a,') })).toBe('wrong');
    expect(check({ 'webhook-signature': signature.slice(3) })).toBe('wrong');
    expect(check({ 'webhook-signature': `${'v1,x '.repeat(500)}${signature}` })).toBe('wrong');
  });

  test('takes a message of either key while one replaces the other, and of no third one', () => {
    const bytes = fc.uint8Array({ minLength: 24, maxLength: 64 });
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.string({ unit: 'binary' }), (one, other, third, body) => {
        const of = (key: Uint8Array): string => `whsec_${Buffer.from(key).toString('base64')}`;
        const both = keysOf(`${of(one)} ${of(other)}`);
        const by = (key: Uint8Array) => signatureHeaders(keysOf(of(key)), { id: 'msg_1', at: 1e12, body });
        const given = { body: Buffer.from(body), now: 1e12 };
        expect(checkSignature(both, by(one), given)).toBe('valid');
        expect(checkSignature(both, by(other), given)).toBe('valid');
        const isThird = ![one, other].some((key) => Buffer.from(key).equals(Buffer.from(third)));
        if (isThird) expect(checkSignature(both, by(third), given)).toBe('wrong');
      }),
    );
  });
});

describe('a secret of Standard Webhooks', () => {
  const base64 = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64');

  test.each([
    ['nothing', ' \n'],
    ['too short', `whsec_${base64(23)}`],
    ['too long', `whsec_${base64(65)}`],
    ['no base64', 'whsec_SECRET-SECRET_SECRET-SECRET_SECRET'],
    ['a key of another kind', `whsk_${base64(32)}`],
    ['one good and one bad', `whsec_${base64(32)} whsec_SECRET`],
  ])('is refused without being shown if it is %s', (_what, text) => {
    expect(() => keysOf(text)).toThrow(
      /^The secret holds no secret of Standard Webhooks; allowed: whsec_ and/,
    );
    expect(() => keysOf(text)).not.toThrow(/SECRET/);
  });

  test.each([24, 32, 64])('may have %i bytes', (bytes) => {
    expect(keysOf(`whsec_${base64(bytes)}`)).toHaveLength(1);
  });
});
