/**
 * Whether a job is due, for which instant, and how many of its runs were missed.
 *
 * **Invariant**: pure functions of what the store knows, the schedule and the present. One run makes up for all that were due
 * before it. After a failure a job is tried again a minute later, then after twice as long each time, up to an hour.
 */
import { doublingWait, type Doubling } from '../retry.ts';
import type { Ms } from '../units.ts';
import { countDue, lastDue, nextDue } from './cron-times.ts';
import type { JobState, Schedule } from './job.ts';

const RETRY: Doubling = { firstMs: 60_000, maxMs: 3_600_000 };
/** What is done later than this from now was done by a clock that was wrong. */
const AHEAD_MS_MAX: Ms = 3_600_000;
/** Missed runs are counted no further. */
export const MISSED_MAX = 10_000;

export interface DueRun {
  /** The last instant at which it was due. */
  dueAt: Ms;
  /** Runs before that one which nobody began. */
  missed: number;
}

/** Gives the run that is due at an instant, null where none is. */
export function dueRun(state: JobState, { cron, timeZone }: Schedule, at: Ms): DueRun | null {
  const { doneTo } = state;
  if ((retryAt(state, at) ?? at) > at) return null;
  if (doneTo === null) return { dueAt: at, missed: 0 };
  const isClockBack = doneTo - at > AHEAD_MS_MAX;
  if (!isClockBack && !isDueAfter(doneTo, { cron, timeZone }, at)) return null;
  return { dueAt: lastDue(cron, timeZone, at) ?? at, missed: missedRuns(state, { cron, timeZone }, at) };
}

/** Gives when a job runs next, as far as is known: the present where it is due; null where it never is. */
export function nextRun(state: JobState, schedule: Schedule, at: Ms): Ms | null {
  if (dueRun(state, schedule, at) !== null) return at;
  const { doneTo } = state;
  const again = retryAt(state, at);
  const waits = doneTo === null || isDueAfter(doneTo, schedule, again ?? at);
  if (again !== null && waits) return again;
  return nextDue(schedule.cron, schedule.timeZone, Math.max(at, doneTo ?? at));
}

/** Gives when a job that failed is tried again; null where it did not fail, or a clock that was wrong dated its failure. */
function retryAt({ failures, last }: JobState, at: Ms): Ms | null {
  if (failures === 0 || last === null) return null;
  const again = last.endedAt + doublingWait(failures - 1, RETRY);
  return again - at > RETRY.maxMs + AHEAD_MS_MAX ? null : again;
}

function isDueAfter(doneTo: Ms, { cron, timeZone }: Schedule, at: Ms): boolean {
  const next = nextDue(cron, timeZone, doneTo);
  return next !== null && next <= at;
}

/** Counts from where the schedule looked last: while a run took long, or waited to be tried again, none was missed. */
function missedRuns(state: JobState, { cron, timeZone }: Schedule, at: Ms): number {
  const { doneTo, last } = state;
  const lookedTo = Math.max(doneTo ?? at, last?.endedAt ?? 0, retryAt(state, at) ?? 0);
  const due = countDue(cron, timeZone, { after: lookedTo, to: at, max: MISSED_MAX });
  return Math.max(0, due - 1);
}
