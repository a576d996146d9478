/** Slots, queue and rates together, with a clock that the test moves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configuredLimits, type PoolLimit } from '../../src/pacing/limits.ts';
import { begin, drain, ended } from './asked.ts';

describe('the limit of a pool', () => {
  it('is asked for each time: creates that wait leave when it is raised', async () => {
    let limit: PoolLimit | null = { limit: 1, source: 'learned' };
    const limits = { of: () => limit, names: () => ['video'], noteFull: () => undefined };
    const { clock, slots, order, ask } = begin({ limits });
    for (const name of ['a', 'b', 'c']) void ask(name);
    await clock.advance(0);
    expect(order).toEqual(['a']);
    limit = { limit: 2, source: 'pack' };
    slots.limitsChanged();
    await clock.advance(0);
    expect(order).toEqual(['a', 'b']);
    expect(slots.pools()).toEqual([
      { name: 'video', inUse: 2, elsewhere: 0, limit: 2, source: 'pack', queued: 1, pausedUntil: null },
    ]);
    limit = null;
    slots.limitsChanged();
    await clock.advance(0);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('holds for a model besides its product, and a full model delays no other', async () => {
    const { clock, slots, order, ask } = begin({ limits: configuredLimits({ video: 3, 'kling-v3': 1 }) });
    for (const [name, model] of [
      ['a', 'kling-v3'],
      ['b', 'kling-v3'],
      ['c', 'kling-v2-6'],
      ['d', null],
      ['e', 'kling-v2-6'],
    ] as const)
      void ask(name, { model });
    await clock.advance(0);
    expect(order).toEqual(['a', 'c', 'd']);
    expect(slots.waiting()).toMatchObject([
      { position: 1, pool: 'kling-v3' },
      { position: 2, pool: 'video' },
    ]);
    slots.free('c');
    await clock.advance(0);
    expect(order).toEqual(['a', 'c', 'd', 'e']);
    slots.free('a');
    await clock.advance(0);
    expect(order).toEqual(['a', 'c', 'd', 'e', 'b']);
  });

  it('lets a large create have its slots in the end, though small ones wait behind it', async () => {
    const { clock, slots, order, ask } = begin({ limits: configuredLimits({ image: 9 }) });
    const image = (weight: number, app: string) => ({ product: 'image', weight, app }) as const;
    for (let i = 0; i < 9; i += 1) void ask(`small ${i}`, image(1, 'small'));
    void ask('large', image(9, 'large'));
    for (let i = 9; i < 30; i += 1) void ask(`small ${i}`, image(1, 'small'));
    for (let i = 0; i < 9; i += 1) {
      await clock.advance(100);
      expect(order).not.toContain('large');
      slots.free(`small ${i}`);
    }
    await clock.advance(0);
    expect(order.slice(9)).toEqual(['large']);
  });

  it('is never exceeded, no create is lost, and none waits beyond its time, in any order of events', async () => {
    const event = fc.oneof(
      fc.record({
        kind: fc.constant('ask' as const),
        weight: fc.integer({ min: 1, max: 4 }),
        app: fc.constantFrom('a', 'b', 'c'),
        model: fc.constantFrom(null, 'kling-v3', 'kling-v2-6'),
        joinHash: fc.constantFrom(null, 'h', 'i'),
        waitMsMax: fc.integer({ min: -500, max: 8_000 }),
      }),
      fc.record({ kind: fc.constantFrom('free' as const, 'wait' as const, 'throttle' as const) }),
    );
    const limits = configuredLimits({ video: 4, 'kling-v3': 2 });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 80 }), async (events) => {
        const { clock, slots, ask, order, refused } = begin({ limits, requestsPerMinute: 25 });
        const pending: Promise<void>[] = [];
        let freed = 0;
        const checkNow = () => {
          for (const { inUse, limit } of slots.pools()) expect(inUse).toBeLessThanOrEqual(limit ?? Infinity);
        };
        for (const [at, one] of events.entries()) {
          if (one.kind === 'ask') {
            const from = clock.monotonic();
            const most = Math.max(0, Math.min(one.waitMsMax, 5_000));
            // One that is larger than its limit would run alone: it is for another test.
            const weight = one.model === 'kling-v3' ? Math.min(2, one.weight) : one.weight;
            const asked = ask(`${at}`, { ...one, weight }).then(() =>
              expect(clock.monotonic() - from).toBeLessThanOrEqual(most),
            );
            pending.push(asked);
          } else if (one.kind === 'free') {
            const name = order.shift();
            if (name === undefined) continue;
            freed += 1;
            slots.free(name);
          }
          if (one.kind === 'throttle') slots.throttled({ code: 1303, pools: ['video'], retryAfterMs: null });
          await clock.advance(one.kind === 'wait' ? 700 : 0);
          checkNow();
        }
        await clock.advance(5_000);
        await Promise.all(pending);
        expect(slots.waiting()).toEqual([]);
        expect(refused.size + order.length + freed).toBe(pending.length);
        for (const name of order) slots.free(name);
        expect(slots.pools().map(({ inUse }) => inUse)).toEqual(slots.pools().map(() => 0));
      }),
      { numRuns: 150 },
    );
  });
});

describe('the queue', () => {
  it('serves apps in turns and each in the order of its creates, over products too where only a rate is lacking', async () => {
    const { clock, slots, order, ask } = begin({ limits: configuredLimits({ video: 1 }) });
    void ask('busy');
    for (const [name, app] of ['a1 a', 'a2 a', 'a3 a', 'b1 b', 'b2 b', 'c1 c'].map((words) =>
      words.split(' '),
    ))
      void ask(name ?? '', { app: app ?? '' });
    await clock.advance(0);
    await drain(clock, slots, order);
    expect(order).toEqual(['busy', 'a1', 'b1', 'c1', 'a2', 'b2', 'a3']);

    const rated = begin({ limits: configuredLimits({}), requestsPerMinute: 1, queueWaitMsMax: 600_000 });
    const long = { waitMsMax: 600_000 };
    void rated.ask('first', long);
    for (const name of ['v1', 'v2', 'v3']) void rated.ask(name, long);
    for (const name of ['i1', 'i2']) void rated.ask(name, { ...long, product: 'image', app: 'other' });
    await rated.clock.advance(300_000);
    expect(rated.order).toEqual(['first', 'v1', 'i1', 'v2', 'i2', 'v3']);
  });

  it('lists who waits, for what, since when, and how long still', async () => {
    const { clock, slots, ask } = begin({ limits: configuredLimits({ video: 1 }) });
    slots.follow([ended(4_000)]);
    void ask('busy');
    await clock.advance(1_000);
    void ask('a', { app: 'a' });
    void ask('b', { app: 'a', operation: 'image-to-video' });
    void ask('c', { app: 'b' });
    expect(slots.waiting()).toEqual([
      { app: 'a', operation: 'text-to-video', pool: 'video', since: 1_000, position: 1, waitMs: 3_000 },
      { app: 'b', operation: 'text-to-video', pool: 'video', since: 1_000, position: 2, waitMs: 7_000 },
      { app: 'a', operation: 'image-to-video', pool: 'video', since: 1_000, position: 3, waitMs: 11_000 },
    ]);
    expect([slots.isWanted('video'), slots.isWanted('image')]).toEqual([true, false]);
  });

  it('gives a slot to one of 5,000 that wait without a look at each of them', async () => {
    const limits = configuredLimits({ video: 1 });
    let looks = 0;
    const of = (pool: string): PoolLimit | null => {
      looks += 1;
      return limits.of(pool);
    };
    const { clock, slots, order, ask } = begin({ limits: { ...limits, of } });
    void ask('busy');
    for (let i = 0; i < 5_000; i += 1) void ask(`${i}`, { app: `app-${i % 700}`, model: `kling-v${i % 7}` });
    await clock.advance(0);
    looks = 0;
    for (let i = 0; i < 500; i += 1) {
      slots.free(order.at(-1) ?? '');
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(order).toHaveLength(501);
    expect(looks).toBeGreaterThan(0);
    expect(looks / 500).toBeLessThan(100);
    slots.close();
  });
});
