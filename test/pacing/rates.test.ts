import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { Rates } from '../../src/pacing/rates.ts';

function begin(limit: number | null) {
  const clock = createManualClock(0);
  const rates = new Rates(clock);
  rates.setLimit(limit);
  const sent: number[] = [];
  return {
    clock,
    rates,
    sent,
    mayGo: () => rates.accountDueAt() <= clock.monotonic(),
    /** Sends as soon as it may, until `untilMs`. */
    async sendUntil(untilMs: number): Promise<void> {
      while (clock.monotonic() < untilMs) {
        const dueAt = rates.accountDueAt();
        if (dueAt > clock.monotonic()) {
          await clock.advance(Math.min(dueAt, untilMs) - clock.monotonic());
        } else sent.push(rates.noteCreate('a', null));
      }
    },
  };
}

/** Counts the most instants within any minute, its end excluded. */
function mostInMinute(instants: readonly number[]): number {
  return Math.max(
    0,
    ...instants.map((from) => instants.filter((at) => at >= from && at < from + 60_000).length),
  );
}

describe('requests in a minute', () => {
  it('lets four fifths leave at once, and spreads the others over the rest of the minute', async () => {
    const { sent, sendUntil } = begin(10);
    await sendUntil(59_000);
    expect(sent).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 20_000, 40_000]);
  });

  it('never lets more leave than the limit in any minute, and leaves none of it unused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), async (limit) => {
        const { sent, sendUntil } = begin(limit);
        await sendUntil(300_000);
        expect(mostInMinute(sent)).toBe(limit);
        expect(sent.length).toBeGreaterThanOrEqual(5 * limit);
      }),
      { numRuns: 30 },
    );
  });

  it('counts reads, which leave creates at least a fifth of the minute', async () => {
    const { rates, sent, sendUntil, mayGo } = begin(10);
    for (let i = 0; i < 7; i += 1) rates.noteRead(null);
    expect(mayGo()).toBe(true);
    for (let i = 0; i < 100; i += 1) rates.noteRead('a');
    await sendUntil(59_000);
    expect(sent).toEqual([0, 30_000]);
  });

  it('counts a read and a create of an app in its own limit and in the account’s', async () => {
    const { rates, clock } = begin(100);
    const isDue = (app: string): boolean => rates.appDueAt(app, 2) <= clock.monotonic();
    rates.noteCreate('a', 2);
    rates.noteRead('a');
    expect([isDue('a'), isDue('b'), rates.accountDueAt() <= 0]).toEqual([false, true, true]);
    expect(rates.nextDueAt()).toBe(60_000);
    await clock.advance(60_000);
    expect([isDue('a'), rates.nextDueAt()]).toEqual([true, Infinity]);
  });

  it('does not count a create that was not sent', () => {
    const { rates, mayGo } = begin(1);
    rates.forgetCreate('a', rates.noteCreate('a', null));
    expect(mayGo()).toBe(true);
    rates.noteCreate('a', null);
    expect(mayGo()).toBe(false);
    rates.setLimit(null);
    expect(mayGo()).toBe(true);
  });
});
