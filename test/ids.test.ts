import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idAfter, newId } from '../src/ids.ts';

const NOON = Date.UTC(2026, 10, 18, 12);
const instants = fc.integer({ min: 0, max: NOON * 10 });

describe('ids', () => {
  it('sort by time, for any instants', () => {
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        fc.pre(a < b);
        expect(newId('call', a) < newId('call', b)).toBe(true);
      }),
    );
  });

  it('are a prefix and 26 characters, each its own', () => {
    const ids = Array.from({ length: 2_000 }, () => newId('call', NOON));
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^call_[0-9a-hjkmnp-tv-z]{26}$/);
  });

  it('of a list keep the order of its rows, for any instants in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(instants, fc.constant(NOON))), (all) => {
        const ids: string[] = [];
        for (const at of all) ids.push(idAfter(ids.at(-1), newId('audit', at)));
        expect(ids.toSorted()).toEqual(ids);
        expect(new Set(ids).size).toBe(ids.length);
        for (const id of ids) expect(id).toMatch(/^audit_[0-9a-hjkmnp-tv-z]{26}$/);
      }),
    );
  });

  it('stay as they are where they sort already', () => {
    const [first, second] = [newId('refusal', NOON), newId('refusal', NOON + 1)];
    expect([idAfter(undefined, first), idAfter(first, second)]).toEqual([first, second]);
  });
});
