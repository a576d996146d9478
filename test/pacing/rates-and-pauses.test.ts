/** Rates and pauses as the slots obey them. */
import { describe, expect, it } from 'vitest';
import { configuredLimits } from '../../src/pacing/limits.ts';
import { begin, create, options, retryAfter } from './asked.ts';

const CALL = {
  id: 'call',
  requestId: 'r',
  at: 0,
  tag: null,
  method: 'GET',
  route: '/tasks',
  host: 'h',
  status: 200,
  code: 0,
  klingRequestId: null,
  taskId: null,
  outcome: 'ok',
  errorClass: null,
  durationMs: 1,
  overheadMs: 1,
  bytesSent: 0,
  bytesReceived: 0,
  clockOffsetMs: null,
  evidence: null,
} as const;

describe('rates', () => {
  it('count what Kling was asked beside creates that waited, and never delay a read', async () => {
    const { clock, slots, order, ask } = begin({ limits: configuredLimits({}), requestsPerMinute: 10 });
    const read = { origin: 'app', app: 'default', holdId: null, attempt: 1 } as const;
    for (let i = 0; i < 50; i += 1) slots.noteCall({ ...CALL, ...read });
    for (const name of ['a', 'b', 'c']) void ask(name);
    await clock.advance(0);
    expect(order).toEqual(['a']);
    slots.noteCall({ ...CALL, ...read, origin: 'sidecar', holdId: 'a' });
    slots.noteCall({ ...CALL, ...read, holdId: 'a' });
    slots.noteCall({ ...CALL, ...read, holdId: 'a', attempt: 2 });
    await clock.advance(60_000);
    void ask('d');
    await clock.advance(0);
    expect(order).toEqual(['a', 'd']);
  });

  it('of an app delay no other app', async () => {
    const { clock, slots, order, refused, ask } = begin({ limits: configuredLimits({ video: 1 }) });
    const slow = { app: 'slow', appRequestsPerMinute: 1 };
    void ask('s1', slow);
    void ask('s2', slow);
    void ask('o1', { app: 'other' });
    await clock.advance(1_000);
    expect(order).toEqual(['s1']);
    slots.free('s1');
    await clock.advance(0);
    expect(order).toEqual(['s1', 'o1']);
    slots.free('o1');
    await clock.advance(5_000);
    expect(refused.get('s2')?.message).toContain('The requests of this minute of the app slow are used up');
    expect(retryAfter(refused.get('s2'))).toBe(53);
  });
});

describe('throttles', () => {
  it('pause their pool after three within ten seconds, and the queue goes on by itself', async () => {
    const full: unknown[] = [];
    const limits = { ...configuredLimits({}), noteFull: (noted: unknown) => full.push(noted) };
    const { clock, slots, order, refused, ask } = begin({ limits });
    await ask('a', { weight: 2, product: 'image' });
    const throttle = { code: 1303, pools: ['image'], weight: 2, retryAfterMs: null };
    for (let i = 0; i < 2; i += 1) slots.throttled(throttle);
    await ask('b', { product: 'image' });
    slots.throttled({ ...throttle, code: 1302 });
    expect(full).toEqual([
      { pool: 'image', inUse: 2, weight: 2 },
      { pool: 'image', inUse: 2, weight: 2 },
    ]);
    expect(slots.pools()).toMatchObject([{ name: 'image', inUse: 3, limit: null, pausedUntil: 30_000 }]);
    void ask('c', { product: 'image' });
    void ask('v');
    await clock.advance(5_000);
    expect(order).toEqual(['a', 'b', 'v']);
    expect(refused.get('c')?.message).toContain('Creates of image pause');
    expect(retryAfter(refused.get('c'))).toBe(23);
    await clock.advance(22_000);
    void ask('d', { product: 'image' });
    await clock.advance(3_000);
    expect([order.at(-1), slots.pools()]).toEqual(['d', []]);
  });

  it('obey a Retry-After for a minute at most, and do nothing in observe mode', async () => {
    const { clock, slots, order, ask } = begin({ limits: configuredLimits({}), queueWaitMsMax: 0 });
    slots.throttled({ code: 1302, pools: ['video'], retryAfterMs: 3_600_000 });
    expect(slots.pools()).toMatchObject([{ name: 'video', pausedUntil: 60_000 }]);
    slots.pause(['image'], 1_000, 'retry_after');
    expect(slots.wouldWait(create({ product: 'image' }))).toBe(true);
    slots.configure(options({ isPaced: false }));
    slots.throttled({ code: 1302, pools: ['video'], retryAfterMs: 3_600_000 });
    slots.pause(['video'], 60_000, 'burst');
    for (const name of ['a', 'b', 'c']) void ask(name);
    await clock.advance(0);
    expect([order, slots.pools()]).toEqual([['a', 'b', 'c'], []]);
  });
});
