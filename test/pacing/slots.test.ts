import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { configuredLimits } from '../../src/pacing/limits.ts';
import type { SlotTicket } from '../../src/pacing/slot.ts';
import { Slots } from '../../src/pacing/slots.ts';
import { create, options, taken } from './asked.ts';

describe('slots', () => {
  it('admits every create at once if no limit is configured', async () => {
    const slots = new Slots(options({ limits: configuredLimits({}) }), createManualClock(0));
    await taken(slots, 50);
    expect(slots.pools()).toEqual([]);
  });

  it('keeps a slot until its hold ends, and then gives it to the create that waited longest', async () => {
    const clock = createManualClock(0);
    const slots = new Slots(options(), clock);
    await taken(slots, 2);
    const order: string[] = [];
    const waiting = ['a', 'b'].map((name) => slots.enter(create()).then(() => order.push(name)));
    await clock.advance(1_000);
    expect(order).toEqual([]);
    slots.free('hold_0');
    slots.free('hold_1');
    await Promise.all(waiting);
    expect(order).toEqual(['a', 'b']);
  });

  it('refuses with queue_full and a Retry-After once the wait is over, and when the queue is full', async () => {
    const clock = createManualClock(0);
    const slots = new Slots(options(), clock);
    await taken(slots, 2);
    const late = slots.enter(create()).catch((error: unknown) => error);
    const others = [slots.enter(create()), slots.enter(create())].map((waiting) =>
      waiting.catch((e: unknown) => e),
    );
    await expect(slots.enter(create())).rejects.toMatchObject({ code: 'queue_full' });
    await clock.advance(5_000);
    expect(await late).toMatchObject({
      code: 'queue_full',
      detail: { pool: 'video', retryAfterSeconds: 60 },
    });
    await Promise.all(others);
    expect(slots.pools()[0]).toMatchObject({ inUse: 2, queued: 0 });
  });

  it('takes note of a task that Kling let fail for concurrency, unless that is long ago', async () => {
    const full: unknown[] = [];
    const limits = { ...configuredLimits({}), noteFull: (throttle: unknown) => full.push(throttle) };
    const slots = new Slots(options({ limits }), createManualClock(0));
    await taken(slots, 3);
    const failed = { kind: 'task_changed', to: 'failed', product: 'video', model: null, weight: 1 } as const;
    const text = 'parallel task over resource pack limit';
    const facts = [
      { ...failed, statusMessage: text, ageMs: 1_000 },
      { ...failed, statusMessage: text, ageMs: 600_000 },
      { ...failed, statusMessage: 'risk control', ageMs: 1_000 },
    ];
    slots.follow(facts as unknown as Parameters<Slots['follow']>[0]);
    expect(full).toEqual([{ pool: 'video', inUse: 3, weight: 1 }]);
  });

  it('weighs an image by its pictures, and lets one larger than the limit run alone', async () => {
    const slots = new Slots(
      options({ limits: configuredLimits({ image: 4 }), queueLengthMax: 0 }),
      createManualClock(0),
    );
    const big = await slots.enter(create({ product: 'image', weight: 9 }));
    await expect(slots.enter(create({ product: 'image' }))).rejects.toMatchObject({ code: 'queue_full' });
    big.unreserve();
    (await slots.enter(create({ product: 'image', weight: 3 }))).keepFor('hold_x');
    await expect(slots.enter(create({ product: 'image', weight: 2 }))).rejects.toMatchObject({
      code: 'queue_full',
    });
  });

  it('admits creates of another pool while a queue waits', async () => {
    const slots = new Slots(
      options({ limits: configuredLimits({ video: 1, image: 1 }) }),
      createManualClock(0),
    );
    (await slots.enter(create())).keepFor('hold_v');
    void slots.enter(create()).catch(() => undefined);
    await expect(slots.enter(create({ product: 'image' }))).resolves.toMatchObject({ waitedMs: 0 });
  });

  it('spreads creates over the minute that requestsPerMinute allows', async () => {
    const clock = createManualClock(0);
    const slots = new Slots(
      options({ limits: configuredLimits({}), requestsPerMinute: 2, queueWaitMsMax: 90_000 }),
      clock,
    );
    await taken(slots, 2);
    let waited = -1;
    const third = slots.enter(create({ waitMsMax: 90_000 })).then((ticket) => (waited = ticket.waitedMs));
    await clock.advance(59_000);
    expect(waited).toBe(-1);
    await clock.advance(1_000);
    await third;
    expect(waited).toBe(60_000);
  });

  it('refuses all waiting creates when it closes', async () => {
    const slots = new Slots(options(), createManualClock(0));
    await taken(slots, 2);
    const waiting = slots.enter(create()).catch((error: unknown) => error);
    slots.close();
    expect(await waiting).toMatchObject({ code: 'shutting_down' });
    await expect(slots.enter(create())).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('never admits more weight than the limit, and loses no slot, in any order of events', async () => {
    const action = fc.record({
      kind: fc.constantFrom('enter', 'free', 'back', 'wait'),
      weight: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const clock = createManualClock(0);
        const slots = new Slots(
          options({ limits: configuredLimits({ video: 5 }), queueLengthMax: 100 }),
          clock,
        );
        const open: string[] = [];
        const tickets: SlotTicket[] = [];
        const pending: Promise<unknown>[] = [];
        let count = 0;
        for (const { kind, weight } of actions) {
          if (kind === 'enter') {
            pending.push(
              slots
                .enter(create({ weight }))
                .then((ticket) => tickets.push(ticket))
                .catch(() => undefined),
            );
          } else if (kind === 'free') slots.free(open.shift() ?? '');
          else if (kind === 'back') tickets.shift()?.unreserve();
          else await clock.advance(700);
          await clock.advance(0);
          const next = tickets.shift();
          if (next) {
            count += 1;
            next.keepFor(`hold_${count}`);
            open.push(`hold_${count}`);
          }
          expect(slots.pools()[0]?.inUse).toBeLessThanOrEqual(5);
        }
        await clock.advance(10_000);
        for (const ticket of tickets) ticket.unreserve();
        for (const id of open) slots.free(id);
        await clock.advance(10_000);
        await Promise.all(pending);
        for (const ticket of tickets) ticket.unreserve();
        expect(slots.pools()[0]).toMatchObject({ inUse: 0, queued: 0 });
      }),
      { numRuns: 100 },
    );
  });
});
