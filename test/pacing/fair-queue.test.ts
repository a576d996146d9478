import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue, type Queued } from '../../src/pacing/fair-queue.ts';

interface One extends Queued {
  readonly weight: number;
}

function queueOf(waiters: readonly Partial<One>[]): { queue: FairQueue<One>; all: One[] } {
  const queue = new FairQueue<One>();
  const all = waiters.map((one, arrival) => ({ app: 'a', model: null, weight: 1, arrival, ...one }));
  for (const one of all) queue.add(one);
  return { queue, all };
}

/** Serves all, and gives their order. */
function served(queue: FairQueue<One>): number[] {
  const order: number[] = [];
  for (let next = queue.next(() => null); next !== null; next = queue.next(() => null)) {
    order.push(next.arrival);
    queue.serve(next);
  }
  return order;
}

const waiter = fc.record({
  app: fc.constantFrom('a', 'b', 'c'),
  model: fc.constantFrom(null, 'kling-v3', 'kling-v2-6'),
});

describe('the queue of a product', () => {
  it('serves apps in turns, and the creates of an app in the order of their arrival', () => {
    const { queue } = queueOf([...'aaaabbc'].map((app) => ({ app })));
    expect(served(queue)).toEqual([0, 4, 6, 1, 5, 2, 3]);
  });

  it('serves an app that joins later before the next create of one that was served', () => {
    const { queue, all } = queueOf([{}, {}, {}]);
    for (const one of all.slice(0, 1)) queue.serve(one);
    queue.add({ app: 'late', model: null, weight: 1, arrival: 9 });
    expect(served(queue)).toEqual([1, 9, 2]);
  });

  it('says of each create how many leave before it, in any queue', () => {
    fc.assert(
      fc.property(fc.array(waiter, { maxLength: 40 }), fc.nat(10), (waiters, servings) => {
        const { queue } = queueOf(waiters);
        for (let i = 0; i < servings; i += 1) {
          const next = queue.next(() => null);
          if (next) queue.serve(next);
        }
        const order = queue.inOrder();
        expect(order.map((one) => queue.aheadOf(one))).toEqual(order.map((_, index) => index));
        expect(served(queue)).toEqual(order.map(({ arrival }) => arrival));
        for (const app of ['a', 'b', 'c']) {
          const own = order.flatMap((one) => (one.app === app ? one.arrival : []));
          expect(own).toEqual(own.toSorted((a, b) => a - b));
        }
        expect([queue.length, [...queue.models()]]).toEqual([0, []]);
      }),
    );
  });

  it('counts those that are expected back among those ahead, each app in its turns', () => {
    const { queue } = queueOf([{ app: 'a' }, { app: 'b' }]);
    const absent = new FairQueue<Queued>();
    for (const [arrival, app] of [
      [2, 'a'],
      [3, 'a'],
      [4, 'c'],
      [5, 'a'],
    ] as const) {
      absent.add({ app, model: null, arrival });
    }
    const aheadOf = (app: string, arrival: number) => queue.aheadOf({ app, arrival }, absent);
    expect([aheadOf('a', 0), aheadOf('b', 1), aheadOf('c', 4)]).toEqual([0, 1, 2]);
    expect([aheadOf('a', 2), aheadOf('a', 3), aheadOf('a', 6)]).toEqual([3, 4, 6]);
    expect([aheadOf('d', 6), aheadOf('b', 6)]).toEqual([3, 4]);
  });

  it('lets no two apps that wait for the same differ by more than one, at any order of arrivals', () => {
    const step = fc.oneof(fc.constant('serve' as const), fc.constantFrom('a', 'b', 'c'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = new FairQueue<One>();
        /** Grants of each app since it began to wait, compared with each other app since both wait. */
        const since = new Map<string, Map<string, number>>();
        const isWaiting = (app: string): boolean => queue.inOrder().some((each) => each.app === app);
        for (const [arrival, one] of steps.entries()) {
          if (one !== 'serve') {
            if (!isWaiting(one)) {
              since.set(one, new Map());
              for (const other of since.values()) other.delete(one);
            }
            queue.add({ app: one, model: null, weight: 1, arrival });
            continue;
          }
          const next = queue.next(() => null);
          if (next === null) continue;
          queue.serve(next);
          for (const other of ['a', 'b', 'c']) {
            if (other === next.app || !isWaiting(other)) continue;
            const ahead = (since.get(next.app)?.get(other) ?? 0) + 1;
            since.get(next.app)?.set(other, ahead);
            const theirs = since.get(other)?.get(next.app) ?? 0;
            if (isWaiting(next.app)) expect(Math.abs(ahead - theirs)).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });

  it('passes a create that lacks its model or its app, and none that lacks its product', () => {
    const { queue } = queueOf([{ model: 'kling-v3' }, { app: 'b', model: 'kling-v2-6' }, { app: 'c' }]);
    const lacking = new Map<string | null, 'model' | 'app' | 'all'>([['kling-v3', 'model']]);
    const next = () => queue.next(({ model }) => lacking.get(model) ?? null)?.arrival;
    expect(next()).toBe(1);
    lacking.set('kling-v2-6', 'app');
    expect(next()).toBe(2);
    lacking.set('kling-v2-6', 'all');
    expect(next()).toBeUndefined();
  });

  it('looks at one create only of a model that is full for all', () => {
    const { queue } = queueOf(
      Array.from({ length: 1_000 }, (_, i) => ({ app: `app-${i}`, model: 'kling-v3' })),
    );
    let looks = 0;
    expect(queue.next(() => ((looks += 1), 'model'))).toBeNull();
    expect(looks).toBe(1);
  });

  it('keeps the turn of an app whose create gives up', () => {
    const { queue, all } = queueOf([{}, { app: 'b' }, { app: 'b' }, {}]);
    const [first] = all;
    if (first) queue.remove(first);
    if (first) queue.remove(first);
    expect(served(queue)).toEqual([3, 1, 2]);
  });

  it('takes back a create at the place of its arrival', () => {
    const { queue, all } = queueOf([{}, {}, {}]);
    const [, second] = all;
    if (second) queue.remove(second);
    if (second) queue.add(second);
    expect(served(queue)).toEqual([0, 1, 2]);
  });
});
