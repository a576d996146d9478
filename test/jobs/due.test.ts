import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isCron, parseCron } from '../../src/jobs/cron.ts';
import { countDue } from '../../src/jobs/cron-times.ts';
import { dueRun, MISSED_MAX, nextRun } from '../../src/jobs/due.ts';
import type { JobState, Schedule } from '../../src/jobs/job.ts';
import { nightlyTexts } from './cron-texts.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/New_York');
const schedules: fc.Arbitrary<Schedule> = fc.tuple(nightlyTexts, zones).map(([text, timeZone]) => {
  const cron = parseCron(text);
  if (!isCron(cron)) throw new Error(cron.allowed);
  return { cron, timeZone };
});
/** Minutes between two looks: one while the process runs, and now and then hours of downtime. */
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 2, max: 90 }) },
    { weight: 1, arbitrary: fc.integer({ min: 90, max: 5000 }) },
  ),
  { minLength: 1, maxLength: 40 },
);
const starts = fc
  .integer({ min: Date.UTC(2026, 0, 1) / MINUTE, max: Date.UTC(2036, 0, 1) / MINUTE })
  .map((minute) => minute * MINUTE);

function afterGoodRun(at: number): JobState {
  const last = {
    dueAt: at,
    startedAt: at,
    endedAt: at,
    durationMs: 0,
    result: 'ok',
    error: null,
    missed: 0,
  } as const;
  return { schedule: '', doneTo: at, last, failures: 0, okAt: at };
}

it('a look runs what came due since the look before, once, and every instant is either run for or missed', () => {
  fc.assert(
    fc.property(schedules, starts, steps, (schedule, start, minutes) => {
      let state = afterGoodRun(start);
      let at = start;
      let sum = 0;
      for (const step of minutes) {
        const before = at;
        at += step * MINUTE;
        const came = countDue(schedule.cron, schedule.timeZone, { after: before, to: at, max: MISSED_MAX });
        const next = nextRun(state, schedule, before);
        const due = dueRun(state, schedule, at);
        expect(due !== null).toBe(came > 0);
        // What was foretold at the look before comes true.
        expect(next !== null && next <= at).toBe(came > 0);
        if (due === null) continue;
        expect(due.dueAt).toBeGreaterThan(before);
        expect(due.dueAt).toBeLessThanOrEqual(at);
        expect(due.missed).toBe(came - 1);
        sum += 1 + due.missed;
        state = afterGoodRun(at);
      }
      // Each look counts at most so many, all of them together more.
      const all = { after: start, to: at, max: Number.MAX_SAFE_INTEGER };
      expect(sum).toBe(countDue(schedule.cron, schedule.timeZone, all));
    }),
    { numRuns: 100 },
  );
});

it('a failed run is tried again within an hour, whenever that is, and its instants are not missed meanwhile', () => {
  fc.assert(
    fc.property(schedules, starts, fc.integer({ min: 1, max: 60 }), (schedule, at, failures) => {
      const good = afterGoodRun(at - 3 * DAY);
      const last = { ...afterGoodRun(at).last, result: 'failed', error: 'no' } as JobState['last'];
      const state: JobState = { ...good, last, failures };
      const isOpen = dueRun(good, schedule, at + 60 * MINUTE) !== null;
      const tried = Array.from({ length: 61 }, (_, minute) => at + minute * MINUTE).find(
        (minute) => dueRun(state, schedule, minute) !== null,
      );
      expect(tried !== undefined).toBe(isOpen);
      if (tried === undefined) return;
      expect(tried).toBeGreaterThan(at);
      expect(dueRun(state, schedule, tried)?.missed).toBe(0);
      const foretold = nextRun(state, schedule, at);
      expect(foretold).not.toBeNull();
      expect(foretold ?? 0).toBeLessThanOrEqual(tried);
      expect(foretold ?? 0).toBeGreaterThan(tried - MINUTE);
    }),
    { numRuns: 100 },
  );
});
