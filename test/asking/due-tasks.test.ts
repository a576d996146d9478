import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DueTasks, type DueTask } from '../../src/asking/due-tasks.ts';

type Step =
  | { kind: 'add' | 'remove'; id: number; tick: number }
  | { kind: 'take'; tick: number; max: number }
  | { kind: 'putOff' | 'bringForward'; id: number; tick: number };

const openTask = (key: string): DueTask => ({
  id: key,
  product: 'video',
  operation: 'text-to-video',
  createdAt: 0,
  beganTick: 0,
  state: 'submitted',
  made: null,
});

const id = fc.integer({ min: 0, max: 15 });
const tick = fc.integer({ min: 0, max: 100 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('add' as const, 'remove' as const), id, tick }),
  fc.record({ kind: fc.constant('take' as const), tick, max: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constantFrom('putOff' as const, 'bringForward' as const), id, tick }),
);

it('gives what is due, the longest due first, each task once, as a sorted list would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const due = new DueTasks();
      /** By id, when it is due; null while it is taken. */
      const model = new Map<string, number | null>();
      for (const one of steps) {
        if (one.kind === 'take') {
          const waiting = [...model].filter(([, at]) => at !== null && at <= one.tick) as [string, number][];
          const taken = due.take(one.tick, one.max).map((task) => task.id);
          const ticks = waiting.map(([, at]) => at).toSorted((a, b) => a - b);
          expect(taken.map((each) => model.get(each))).toEqual(ticks.slice(0, one.max));
          for (const each of taken) model.set(each, null);
          continue;
        }
        const key = String(one.id);
        if (one.kind === 'add') {
          due.add(openTask(key), one.tick);
          if (!model.has(key)) model.set(key, one.tick);
        } else if (one.kind === 'remove') {
          due.remove(key);
          model.delete(key);
        } else if (one.kind === 'bringForward') {
          // Those with an even id are allowed to wait until the tick, the others for any time.
          due.bringForward(0, ({ id: of }) => (Number(of) % 2 === 0 ? one.tick : null));
          for (const [of, at] of model) {
            if (at !== null && Number(of) % 2 === 0 && at > one.tick) model.set(of, 0);
          }
        } else {
          due.putOff(key, one.tick);
          if (model.has(key)) model.set(key, one.tick);
        }
        expect(due.size).toBe(model.size);
        const waiting = [...model.values()].filter((at) => at !== null);
        expect(due.nextTick).toBe(Math.min(Infinity, ...waiting));
      }
    }),
    { numRuns: 1000 },
  );
});
