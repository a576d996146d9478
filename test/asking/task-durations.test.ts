import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TaskDurations } from '../../src/asking/task-durations.ts';
import { tasksSection, type TasksConfig } from '../../src/asking/polling-config.ts';
import type { Fact } from '../../src/facts.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { stuckAfterMs } from '../../src/tasks/stuck-limits.ts';
import { admitHold, close, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { ended } from '../pacing/asked.ts';

const MINUTE = 60_000;
const config = (over: Record<string, unknown> = {}): TasksConfig => tasksSection.parse(over);
const durationsOf = (over: Record<string, unknown> = {}): TaskDurations => {
  const settings = config(over);
  return new TaskDurations(() => settings);
};
const succeeded = (ageMs: number): Fact => ended(ageMs);
const videoMs = (durations: TaskDurations): number => stuckAfterMs(durations.limits, 'text-to-video');

describe('the age from which a task is stuck', () => {
  it('is ten minutes until a hundred tasks of the operation have succeeded', () => {
    const durations = durationsOf();
    for (let i = 0; i < 99; i += 1) durations.follow([succeeded(5 * MINUTE), ended(1, { to: 'failed' })]);
    expect(videoMs(durations)).toBe(10 * MINUTE);
    durations.follow([succeeded(5 * MINUTE)]);
    expect(videoMs(durations)).toBe(10 * MINUTE);
    for (let i = 0; i < 100; i += 1) durations.follow([succeeded(7 * MINUTE)]);
    expect(videoMs(durations)).toBe(14 * MINUTE);
    expect(stuckAfterMs(durations.limits, 'image')).toBe(10 * MINUTE);
  });

  it('is then twice the 99th percentile of the last thousand, from a minute to a day', () => {
    const anyMs = fc.integer({ min: 0, max: 20 * 3_600_000 });
    fc.assert(
      fc.property(fc.array(anyMs, { minLength: 100, maxLength: 1_300 }), (all) => {
        const durations = durationsOf();
        for (const ms of all) durations.follow([succeeded(ms)]);
        const last = all.slice(-1_000).sort((a, b) => a - b);
        const aboveIt = last.filter((ms) => 2 * ms > videoMs(durations)).length;
        const isBound = [MINUTE, 1440 * MINUTE].includes(videoMs(durations));
        expect(isBound || aboveIt <= last.length / 100).toBe(true);
        expect(isBound || last.includes(videoMs(durations) / 2)).toBe(true);
        expect(videoMs(durations)).toBeGreaterThanOrEqual(MINUTE);
        expect(videoMs(durations)).toBeLessThanOrEqual(1440 * MINUTE);
      }),
      { numRuns: 30 },
    );
  });

  it('is that of the config where it has one, of the operation first', () => {
    const byOperation = { stuckAfterMsByOperation: { image: 90_000 } };
    const measured = durationsOf(byOperation);
    const fixed = durationsOf({ ...byOperation, stuckAfterMs: 30_000 });
    for (const durations of [measured, fixed])
      for (let i = 0; i < 200; i += 1) durations.follow([succeeded(3 * MINUTE)]);
    expect([videoMs(measured), videoMs(fixed)]).toEqual([6 * MINUTE, 30_000]);
    for (const { limits } of [measured, fixed]) expect(stuckAfterMs(limits, 'image')).toBe(90_000);
  });

  it('is the same value until something changes it', () => {
    const durations = durationsOf();
    const before = durations.limits;
    expect(durations.limits).toBe(before);
    durations.follow([succeeded(1)]);
    expect(durations.limits).not.toBe(before);
  });
});

describe('at a start', () => {
  let store: MemoryStore;
  beforeEach(() => (store = createMemoryStore()));
  afterEach(() => store.close());

  it('is read from the newest rows, by Kling’s own time of the end where it is known', async () => {
    for (let i = 0; i < 120; i += 1) {
      const id = `t${i}`;
      await admitHold(store, newHold(`h${String(i).padStart(4, '0')}`));
      await close(store, `h${String(i).padStart(4, '0')}`, { kind: 'task', sighting: sighting(id) });
      const updatedAt = i % 2 === 0 ? NOON + 4 * MINUTE : null;
      const end = sighting(id, { state: i === 7 ? 'failed' : 'succeeded', updatedAt });
      // Seen much later than it ended, where Kling says so.
      const at = updatedAt === null ? NOON + 4 * MINUTE : NOON + 900 * MINUTE;
      await store.run(observeTasks, { sightings: [end], source: 'poll', at });
    }
    const durations = durationsOf();
    await durations.begin({ read: (operation, args) => store.run(operation, args) });
    expect(videoMs(durations)).toBe(8 * MINUTE);
  });
});
