import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { OrderedRun } from '../../src/imports/ordered-run.ts';

function setUp() {
  const clock = createManualClock(0);
  const run = new OrderedRun(clock);
  const log: string[] = [];
  const batch = (name: string, place?: number, failure?: Error) =>
    run.inOrder(place, async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      if (failure) throw failure;
      log.push(`${name} ends`);
      return name;
    });
  return { clock, run, log, batch };
}

describe('the batches of an import', () => {
  it('run one at a time by their place, in any order of arrival', async () => {
    const { log, batch } = setUp();
    expect(await Promise.all([batch('c', 2), batch('a', 0), batch('b', 1)])).toEqual(['c', 'a', 'b']);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('run in the order of arrival if they name no place', async () => {
    const { log, batch } = setUp();
    await Promise.all([batch('a'), batch('b')]);
    await batch('c');
    expect(log.filter((entry) => entry.endsWith('begins'))).toEqual(['a begins', 'b begins', 'c begins']);
  });

  it('fail with one before them, and none begins after it', async () => {
    const { run, log, batch } = setUp();
    const full = new Error('disk full');
    const [first, second] = [batch('a', 0, full), batch('b', 1)];
    await expect(first).rejects.toBe(full);
    await expect(second).rejects.toBe(full);
    await expect(batch('c', 2)).rejects.toBe(full);
    expect(run.isFailed).toBe(true);
    expect(log).toEqual(['a begins']);
  });

  it('are refused if their place was taken, or one before them does not come', async () => {
    const { clock, batch } = setUp();
    await batch('a', 0);
    await expect(batch('again', 0)).rejects.toMatchObject({ code: 'bad_usage' });
    const lonely = batch('c', 2);
    lonely.catch(() => undefined);
    await expect(batch('also', 2)).rejects.toThrow(/batch 2 of this import came twice/);
    await clock.advance(60_000);
    await expect(lonely).rejects.toThrow(/one before it did not/);
    expect(await batch('b', 1)).toBe('b');
  });
});
