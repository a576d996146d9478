import { describe, expect, it } from 'vitest';
import { createManualClock, nextTurn } from '../../src/clock.ts';
import { Repeating } from '../../src/repeating.ts';
import type { Ms } from '../../src/units.ts';

/** A repeated pass by a clock that is moved by hand: the instants at which passes began, and what to do in each. */
function makeRepeating(pass: (number: number) => Ms | null | Promise<Ms | null>) {
  const clock = createManualClock(0);
  const begun: Ms[] = [];
  const errors: unknown[] = [];
  const repeating = new Repeating({
    clock,
    pass: () => pass(begun.push(clock.monotonic())),
    onError: (error) => void errors.push(error),
    errorWaitMs: 5_000,
  });
  return { clock, begun, errors, repeating };
}

describe('repeated work', () => {
  it('begins with the first wake, and again after the wait that each pass gives', async () => {
    const { clock, begun, repeating } = makeRepeating((number) => number * 1_000);
    await clock.advance(10_000);
    expect(begun).toEqual([]);
    repeating.wake(500);
    await clock.advance(6_500);
    expect(begun).toEqual([10_500, 11_500, 13_500, 16_500]);
  });

  it('makes no pass by itself if the last one gave no wait', async () => {
    const { clock, begun, repeating } = makeRepeating(() => null);
    repeating.wake();
    await clock.advance(86_400_000);
    expect(begun).toEqual([0]);
    repeating.wake();
    expect(begun).toHaveLength(2);
  });

  it('takes the earliest of what it was asked for', async () => {
    const { clock, begun, repeating } = makeRepeating(() => 60_000);
    repeating.wake(3_000);
    repeating.wake(1_000);
    repeating.wake(2_000);
    await clock.advance(30_000);
    expect(begun).toEqual([1_000]);
    repeating.wake();
    expect(begun).toEqual([1_000, 30_000]);
    await nextTurn();
    // The wait goes on from the last pass.
    await clock.advance(59_999);
    expect(begun).toHaveLength(2);
    await clock.advance(1);
    expect(begun).toHaveLength(3);
  });

  it('makes one more pass after the one under way for all that ask meanwhile', async () => {
    const gate = Promise.withResolvers<null>();
    const { begun, repeating } = makeRepeating((number) => (number === 1 ? gate.promise : null));
    repeating.wake();
    const runs = [repeating.run(), repeating.run()];
    let isOver = false;
    void Promise.all(runs).then(() => (isOver = true));
    await nextTurn();
    expect([begun.length, isOver]).toEqual([1, false]);
    gate.resolve(null);
    await Promise.all(runs);
    expect(begun).toHaveLength(2);
  });

  it('does not overlap if a pass asks for the next one itself', async () => {
    let running = 0;
    const { begun, repeating } = makeRepeating(async (number) => {
      running += 1;
      expect(running).toBe(1);
      if (number < 3) repeating.wake();
      await nextTurn();
      running -= 1;
      return null;
    });
    await repeating.run();
    await repeating.settled();
    expect(begun).toHaveLength(3);
  });

  it('goes on after a pass that throws', async () => {
    const { clock, begun, errors, repeating } = makeRepeating((number) => {
      if (number < 3) throw new Error(`pass ${number}`);
      return null;
    });
    await repeating.run();
    await clock.advance(60_000);
    expect(begun).toEqual([0, 5_000, 10_000]);
    expect(errors).toEqual([new Error('pass 1'), new Error('pass 2')]);
  });

  it('waits at most ten minutes, for any result of a pass', async () => {
    const { clock, begun, repeating } = makeRepeating(() => 1e12);
    repeating.wake();
    await nextTurn();
    await clock.advance(600_000);
    expect(begun).toEqual([0, 600_000]);
  });

  it('begins nothing after the stop, which waits for the pass under way', async () => {
    const gate = Promise.withResolvers<Ms>();
    const { clock, begun, repeating } = makeRepeating(() => gate.promise);
    repeating.wake();
    repeating.wake();
    let isStopped = false;
    const stopping = repeating.stop().then(() => (isStopped = true));
    await nextTurn();
    expect(isStopped).toBe(false);
    gate.resolve(1_000);
    await stopping;
    repeating.wake();
    await repeating.run();
    await clock.advance(60_000);
    expect(begun).toHaveLength(1);
  });

  it('stops within its limit although a pass hangs', async () => {
    const { clock, repeating } = makeRepeating(() => new Promise(() => undefined));
    repeating.wake();
    let isStopped = false;
    void repeating.stop(2_000).then(() => (isStopped = true));
    await clock.advance(1_999);
    expect(isStopped).toBe(false);
    await clock.advance(1);
    expect(isStopped).toBe(true);
  });
});
