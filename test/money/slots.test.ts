import { describe, expect, it } from 'vitest';
import { createManualClock, type Clock } from '../../src/clock.ts';
import { configuredLimits } from '../../src/pacing/limits.ts';
import type { SlotOptions } from '../../src/pacing/slot.ts';
import { Slots } from '../../src/pacing/slots.ts';
import { StuckSlots } from '../../src/pacing/stuck-slots.ts';
import { create, options as optionsOf } from '../pacing/asked.ts';

const options = (over: Partial<SlotOptions> = {}): SlotOptions =>
  optionsOf({ limits: configuredLimits({ video: 1 }), queueWaitMsMax: 25_000, queueLengthMax: 10, ...over });

/** A clock that counts the timers it is asked for. */
function counting(clock: Clock): Clock & { timers: number } {
  const counted = {
    ...clock,
    timers: 0,
    after: (delayMs: number, callback: () => void) => {
      counted.timers += 1;
      return clock.after(delayMs, callback);
    },
  };
  return counted;
}

describe('slots', () => {
  it('does not wake for creates of an app that are long out of its minute', async () => {
    const manual = createManualClock(0);
    const clock = counting(manual);
    const slots = new Slots(options(), clock);
    const quick = create({ app: 'quick', appRequestsPerMinute: 5, product: 'image' });
    (await slots.enter(quick)).keepFor('image');
    await manual.advance(120_000);
    (await slots.enter(create())).keepFor('busy');
    const waiting = slots.enter(create());
    const before = clock.timers;
    await manual.advance(10_000);
    expect(clock.timers - before).toBeLessThan(3);
    slots.free('busy');
    (await waiting).unreserve();
  });

  it('counts a create that was refused after all in no rate', async () => {
    const clock = createManualClock(0);
    const slots = new Slots(options({ limits: configuredLimits({}), requestsPerMinute: 1 }), clock);
    for (let i = 0; i < 5; i += 1) (await slots.enter(create({ appRequestsPerMinute: 1 }))).unreserve();
    (await slots.enter(create({ appRequestsPerMinute: 1 }))).keepFor('sent');
    const late = slots.enter(create()).catch((error: unknown) => error);
    await clock.advance(20_000);
    expect(await late).toMatchObject({ code: 'queue_full' });
  });

  it('stops counting a task that is stuck, also one of before a restart', async () => {
    const clock = createManualClock(0);
    const slots = new Slots(options({ limits: configuredLimits({ video: 2 }) }), clock);
    const stuck = new StuckSlots({
      clock,
      slots,
      stuck: () => ({ usualMs: 600_000, byOperation: {} }),
      onError: (message, error) => {
        throw new Error(message, { cause: error });
      },
    });
    stuck.start();
    slots.occupy(
      'earlier',
      { product: 'video', model: null, operation: 'text-to-video', weight: 1 },
      400_000,
    );
    (await slots.enter(create())).keepFor('fresh');
    expect(slots.enterNow(create())).toBeNull();
    await clock.advance(190_000);
    expect(slots.pools()).toMatchObject([{ inUse: 2 }]);
    const waiting = slots.enter(create());
    await clock.advance(20_000);
    (await waiting).keepFor('third');
    expect(slots.pools()).toMatchObject([{ inUse: 2 }]);
    // Its real end frees nothing a second time.
    slots.free('earlier');
    expect(slots.pools()).toMatchObject([{ inUse: 2 }]);
    await clock.advance(400_000);
    expect(slots.pools()).toMatchObject([{ inUse: 1 }]);
    await stuck.stop();
  });

  it('counts tasks of the account that are not ours, and lets waiting creates go when they end', async () => {
    const slots = new Slots(options({ limits: configuredLimits({ video: 2 }) }), createManualClock(0));
    slots.setElsewhere('video', 1);
    (await slots.enter(create())).keepFor('own');
    expect(slots.pools()).toMatchObject([{ name: 'video', inUse: 2, elsewhere: 1 }]);
    const waiting = slots.enter(create());
    slots.setElsewhere('video', 0);
    (await waiting).keepFor('later');
    slots.setElsewhere('video', 5);
    slots.free('own');
    slots.free('later');
    expect(slots.enterNow(create())).toBeNull();
    expect(slots.enterNow(create({ product: 'image' }))).not.toBeNull();
  });

  it('sends no shutdown to a caller that went away', async () => {
    const clock = createManualClock(0);
    const slots = new Slots(options(), clock);
    (await slots.enter(create())).keepFor('busy');
    const gone = new AbortController();
    const waiting = slots.enter(create({ signal: gone.signal })).catch((error: unknown) => error);
    gone.abort();
    expect(await waiting).not.toHaveProperty('code');
    expect(await slots.enter(create({ signal: gone.signal })).catch(() => 'gone')).toBe('gone');
    expect(slots.pools()).toMatchObject([{ name: 'video', inUse: 1, limit: 1, queued: 0 }]);
  });
});
