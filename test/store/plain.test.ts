import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SidecarError } from '../../src/errors.ts';
import { pack, unpack } from '../../src/store/sqlite/plain.ts';
import { fromWireError, toWireError } from '../../src/store/sqlite/wire-error.ts';

const across = (values: unknown[]): unknown[] => unpack(structuredClone(pack(values)));

describe('values between threads', () => {
  test('arrive unchanged if structured clone supports them', () => {
    const anything = fc.array(
      fc.anything({ withDate: true, withMap: true, withSet: true, withTypedArray: true, withBigInt: true }),
    );
    fc.assert(
      fc.property(anything, (values) => {
        // -0 is 0 for every column and count; structured clone itself drops prototypes.
        expect(normal(across(values))).toEqual(normal(structuredClone(values)));
      }),
      { numRuns: 500 },
    );
  });

  test('keep undefined, bytes and numbers that JSON does not have', () => {
    const values = [
      undefined,
      null,
      { a: undefined },
      [undefined],
      new Uint8Array([0, 255]),
      Number.NaN,
      1e300,
    ];
    const got = across(values);
    expect(got).toStrictEqual(values);
    expect(Object.keys(got[2] as object)).toEqual(['a']);
  });

  test('travel as one text if they are plain', () => {
    expect(pack(['name', { a: [1, 'x', null, true] }])).toBe('["name",{"a":[1,"x",null,true]}]');
    expect(typeof pack(['name', new Uint8Array(1)])).toBe('object');
  });
});

describe('errors between threads', () => {
  test('keep code, message, detail and status when they are ours', () => {
    const error = new SidecarError('queue_full', 'wait', { detail: { a: 1, b: null }, status: 503 });
    const got = fromWireError(structuredClone(toWireError(error)));
    expect(got).toBeInstanceOf(SidecarError);
    expect(got).toMatchObject({
      code: 'queue_full',
      message: 'wait',
      detail: { a: 1, b: null },
      status: 503,
    });
  });

  test('keep message and the other thread’s stack when they are faults', () => {
    const got = fromWireError(toWireError(new TypeError('x is not a function')));
    expect(got).not.toBeInstanceOf(SidecarError);
    expect(got.message).toBe('x is not a function');
    expect(got.cause).toContain('plain.test.ts');
    expect(fromWireError(toWireError('thrown text')).message).toBe('thrown text');
  });
});

function normal(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(normal);
  const isPlain =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, normal(each)]))
    : value;
}
