import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { Jobs, type Job } from '../../src/jobs.ts';

const noted: string[] = [];
const errors: string[] = [];
let jobs: Jobs | undefined;

beforeEach(() => {
  noted.length = 0;
  errors.length = 0;
});
afterEach(() => jobs?.stop());

function make(list: Job[]): Jobs {
  jobs = new Jobs(list, {
    clock: createManualClock(0),
    lastRun: () => Promise.resolve(null),
    noteRun: async (name) => void noted.push(name),
    onRun: () => undefined,
    onError: (message) => void errors.push(message),
  });
  return jobs;
}

/** A job that ends when it is told to, as one that works in pieces does; `fails` where its store is closed by then. */
const untilTold = (name: string, { fails = false } = {}): Job => ({
  name,
  periodMs: 1,
  run: (_at, signal) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => (fails ? reject(new Error('the store is closed')) : resolve()));
    }),
});

describe('a stop', () => {
  it.each([false, true])(
    'tells a job to end, and notes no run of one that it cut off (it fails: %s)',
    async (fails) => {
      const schedule = make([untilTold('long', { fails }), untilTold('never begun')]);
      const running = schedule.runDue(5);
      await schedule.stop();
      await running;
      expect(noted).toEqual([]);
      expect(errors).toEqual([]);
    },
  );

  it('starts no job afterwards', async () => {
    const schedule = make([{ name: 'short', periodMs: 1, run: () => Promise.resolve() }]);
    await schedule.runDue(5);
    await schedule.stop();
    await schedule.runDue(50);
    expect(noted).toEqual(['short']);
  });

  it('still reports a job that failed by itself', async () => {
    const schedule = make([{ name: 'broken', periodMs: 1, run: () => Promise.reject(new Error('no')) }]);
    await schedule.runDue(5);
    expect(errors).toEqual(['the job broken failed']);
    expect(noted).toEqual([]);
  });
});
