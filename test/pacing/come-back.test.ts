import { describe, expect, it } from 'vitest';
import { configuredLimits } from '../../src/pacing/limits.ts';
import { begin, drain, ended, retryAfter } from './asked.ts';

describe('a create that waited without success', () => {
  it('is asked to come back by how long tasks took, somewhat before its turn', async () => {
    const { clock, slots, refused, ask } = begin({ limits: configuredLimits({ video: 2 }) });
    slots.follow([ended(20_000), ended(20_000, { to: 'failed' })]);
    for (const name of ['x', 'y', 'a', 'b', 'c', 'd']) void ask(name, { joinHash: name });
    await clock.advance(5_000);
    // The two open tasks end in 15 s, and those after them in 35 s; less half of the longest wait.
    expect(['a', 'b', 'c', 'd'].map((name) => retryAfter(refused.get(name)))).toEqual([13, 13, 33, 33]);
    expect(refused.get('a')).toMatchObject({ code: 'queue_full', detail: { pool: 'video', limit: 2 } });
    expect(refused.get('a')?.message).toContain('No slot of video (limit 2) is free: waited 5000 ms');
  });

  it('is asked to come back in a minute at most, and in a second at least', async () => {
    const { clock, slots, refused, ask } = begin({ limits: configuredLimits({ video: 1 }) });
    void ask('busy');
    void ask('late');
    await clock.advance(5_000);
    expect(retryAfter(refused.get('late'))).toBe(60);
    slots.follow([ended(1_000)]);
    void ask('soon');
    await clock.advance(5_000);
    expect(retryAfter(refused.get('soon'))).toBe(1);
  });

  it('keeps its place for one equal create of its app that comes back', async () => {
    const { clock, slots, order, ask } = begin({ limits: configuredLimits({ video: 1 }) });
    slots.follow([ended(8_000)]);
    void ask('busy');
    const mine = { app: 'mine', joinHash: 'h' };
    void ask('first', mine);
    await clock.advance(2_000);
    for (const name of ['m1', 'm2', 'm3']) void ask(name, { app: 'mine' });
    await clock.advance(3_000);
    expect(slots.waiting()).toHaveLength(3);
    void ask('back', mine);
    void ask('again', mine);
    void ask('not mine', { ...mine, app: 'other' });
    expect(slots.waiting().map(({ app }) => app)).toEqual(['mine', 'other', 'mine', 'mine', 'mine', 'mine']);
    await clock.advance(0);
    await drain(clock, slots, order);
    expect(order).toEqual(['busy', 'back', 'not mine', 'm1', 'm2', 'm3', 'again']);
  });

  it('comes back into a full queue, and loses its place after its time', async () => {
    const { clock, slots, refused, ask } = begin({
      limits: configuredLimits({ video: 1 }),
      queueLengthMax: 1,
    });
    slots.follow([ended(8_000)]);
    void ask('busy');
    const mine = { joinHash: 'h' };
    void ask('first', mine);
    await clock.advance(5_000);
    expect(slots.isWanted('video')).toBe(true);
    void ask('other');
    void ask('back', mine);
    await clock.advance(0);
    expect([slots.waiting().length, refused.has('back')]).toEqual([2, false]);
    void ask('third', mine);
    await clock.advance(0);
    expect(refused.get('third')?.message).toContain('the queue is full');
    await clock.advance(5_000);
    const seconds = Number(retryAfter(refused.get('back')));
    await clock.advance(seconds * 1_000 + 10_000);
    void ask('other');
    void ask('late', mine);
    await clock.advance(0);
    expect(refused.get('late')?.message).toContain('the queue is full');
    expect(slots.isWanted('video')).toBe(true);
    await clock.advance(60_000);
    expect(slots.isWanted('video')).toBe(false);
  });

  it('does not wait at all if it has no time to', async () => {
    const { clock, refused, ask } = begin({ limits: configuredLimits({ video: 1 }) });
    void ask('busy');
    void ask('late', { waitMsMax: -1 });
    await clock.advance(0);
    expect(refused.get('late')).toMatchObject({ code: 'queue_full' });
  });
});
