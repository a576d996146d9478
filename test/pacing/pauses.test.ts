import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { Pauses } from '../../src/pacing/pauses.ts';

describe('pauses', () => {
  it('pause a pool after three throttles within ten seconds, for 30 to 60 seconds', async () => {
    for (const [random, ms] of [
      [0, 30_000],
      [0.5, 45_000],
      [1, 60_000],
    ] as const) {
      const clock = createManualClock(0);
      const pauses = new Pauses(clock, () => random);
      expect([pauses.noteThrottle(['video']), pauses.noteThrottle(['video'])]).toEqual([false, false]);
      await clock.advance(9_999);
      expect(pauses.noteThrottle(['video'])).toBe(true);
      expect(pauses.of('video')).toEqual({ until: 9_999 + ms, why: 'burst' });
      await clock.advance(ms);
      expect([pauses.of('video'), pauses.names()]).toEqual([null, []]);
    }
  });

  it('do not begin for three throttles in more than ten seconds', async () => {
    const clock = createManualClock(0);
    const pauses = new Pauses(clock);
    for (let i = 0; i < 5; i += 1) {
      expect(pauses.noteThrottle(['video'])).toBe(false);
      await clock.advance(5_000);
    }
  });

  it('pause the model alone if all throttles are of one, and the product if they are of several', () => {
    const one = new Pauses(createManualClock(0));
    for (let i = 0; i < 3; i += 1) one.noteThrottle(['video', 'kling-v3']);
    expect(one.names()).toEqual(['kling-v3']);
    const several = new Pauses(createManualClock(0));
    for (const model of ['kling-v3', 'kling-v2-6', 'kling-v3']) several.noteThrottle(['video', model]);
    expect(several.names()).toEqual(['video']);
  });

  it('last as long as the longest one that was asked for', async () => {
    const clock = createManualClock(0);
    const pauses = new Pauses(clock);
    pauses.begin(['video'], 5_000, 'retry_after');
    pauses.begin(['video', 'image'], 2_000, 'retry_after');
    await clock.advance(2_000);
    expect(pauses.names()).toEqual(['video']);
    pauses.clear();
    expect(pauses.names()).toEqual([]);
  });

  it('report each pause once, when it begins', async () => {
    const clock = createManualClock(0);
    const begun: unknown[] = [];
    const pauses = new Pauses(clock, () => 0);
    pauses.onBegin = (pause) => begun.push(pause);
    pauses.begin(['video', 'kling-v3'], 5_000, 'retry_after');
    pauses.begin(['video'], 9_000, 'retry_after');
    pauses.begin(['video'], 1_000, 'retry_after');
    await clock.advance(9_000);
    for (let throttle = 0; throttle < 3; throttle += 1) pauses.noteThrottle(['video']);
    expect(begun).toEqual([
      { pool: 'video', ms: 5_000, why: 'retry_after' },
      { pool: 'kling-v3', ms: 5_000, why: 'retry_after' },
      { pool: 'video', ms: 30_000, why: 'burst' },
    ]);
  });
});
