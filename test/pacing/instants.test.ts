import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Instants } from '../../src/pacing/instants.ts';

it('keeps the instants that were not dropped, at any length', () => {
  const step = fc.record({
    kind: fc.constantFrom('add', 'add', 'drop', 'dropUntil', 'remove'),
    count: fc.integer({ min: 1, max: 3_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const instants = new Instants();
      let kept: number[] = [];
      let now = 0;
      for (const { kind, count } of steps) {
        if (kind === 'add') {
          for (let i = 0; i < count; i += 1) {
            now += i % 3;
            instants.add(now);
            kept.push(now);
          }
        } else if (kind === 'drop') {
          instants.drop(count);
          kept = kept.slice(count);
        } else if (kind === 'dropUntil') {
          instants.dropUntil(now - count);
          kept = kept.filter((at) => at > now - count);
        } else {
          const at = kept.at(-count) ?? -1;
          instants.remove(at);
          const index = kept.lastIndexOf(at);
          if (index !== -1) kept.splice(index, 1);
        }
        const { length, oldest, newest } = instants;
        expect({ length, oldest, newest }).toEqual({
          length: kept.length,
          oldest: kept[0],
          newest: kept.at(-1),
        });
      }
    }),
  );
});
