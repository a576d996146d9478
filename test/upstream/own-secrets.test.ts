import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OwnSecrets } from '../../src/upstream/own-secrets.ts';

const KEY = 'sk-0123456789abcdef+/=';
const made = (): OwnSecrets => {
  const secrets = new OwnSecrets();
  secrets.sent(`Bearer ${KEY}`);
  return secrets;
};
const forms = [
  KEY,
  encodeURIComponent(KEY),
  KEY.replaceAll('/', '\\/'),
  Buffer.from(`Bearer ${KEY}`).toString('base64'),
  Buffer.from(`user:${KEY}`).toString('base64url'),
];

describe('our own secrets', () => {
  it('are replaced by as many asterisks, in every form', () => {
    const secrets = made();
    for (const form of forms) {
      const text = `{"echo":"${form}","again":"${form}"}`;
      const clean = secrets.clean(Buffer.from(text));
      expect(clean.length, form).toBe(Buffer.byteLength(text));
      expect(clean.toString()).toMatch(/\*{20,}.*\*{20,}/);
      expect(clean.toString()).not.toContain(form);
      expect(secrets.cleanText(text)).toBe(clean.toString());
      expect(secrets.cleanLines(['X-Echo', form, 'X-A', '1'])[1]).not.toBe(form);
    }
    expect(secrets.clean(Buffer.from(KEY)).toString()).toBe('*'.repeat(KEY.length));
  });

  it('leave bytes without one unchanged', () => {
    const bytes = Buffer.from('{"code":0}');
    expect(made().clean(bytes)).toBe(bytes);
    const lines = ['X-A', '1'];
    expect(made().cleanLines(lines)).toBe(lines);
  });

  it('are found in any pieces of a stream', () => {
    const whole = Buffer.from(`abc${KEY}def${KEY.slice(0, 7)}${KEY}${KEY.slice(0, 3)}`);
    const secrets = made();
    const expected = secrets.clean(whole).toString();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 8 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
        let held: Buffer = Buffer.alloc(0);
        let out = '';
        for (const [i, from] of places.slice(0, -1).entries()) {
          const clean = secrets.clean(Buffer.concat([held, whole.subarray(from, places[i + 1])]));
          const until = clean.length - secrets.openBytes(clean);
          out += clean.subarray(0, until).toString();
          held = clean.subarray(until);
        }
        expect(out + held.toString()).toBe(expected);
      }),
    );
  });

  it('are the last tokens that were sent, and no word too short to be one', () => {
    const secrets = made();
    secrets.sent('Bearer short');
    expect(secrets.cleanText('short')).toBe('short');
    for (const n of [1, 2]) secrets.sent(`Bearer token-number-${n}`);
    expect(secrets.cleanText(KEY)).not.toBe(KEY);
    secrets.sent('Bearer token-number-3');
    expect(secrets.cleanText(KEY)).toBe(KEY);
    expect(secrets.cleanText('token-number-1')).toBe('*'.repeat(14));
  });

  it('are found in values although JSON escapes had hidden them', () => {
    const hidden = JSON.parse(`{"request_id":"\\u0073${KEY.slice(1)}","n":[1]}`) as unknown;
    expect(made().cleanValue(hidden)).toEqual({ request_id: '*'.repeat(KEY.length), n: [1] });
    const plain = { a: 1 };
    expect(made().cleanValue(plain)).toBe(plain);
  });
});
