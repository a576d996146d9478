import { describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/calls/call.ts';
import { callOfValues, callValues, type CallValues } from '../../src/calls/call-values.ts';
import { call } from '../ledger/making.ts';

/** As the store's thread gets it. */
function sent(record: CallRecord): CallRecord {
  return callOfValues(JSON.parse(JSON.stringify(callValues(record))) as CallValues);
}

describe('a call as a list of values', () => {
  test('comes back as it was', () => {
    const plain = call('plain');
    const evidence = { date: 'Sat, 28 Nov 2026 06:00:00 GMT', server: null, via: null, cause: 'reset "x"' };
    const failed = call('failed', { status: null, errorClass: 'reset', outcome: 'no_answer', evidence });
    expect(sent(plain)).toEqual(plain);
    expect(sent(failed)).toEqual(failed);
  });
});
