/**
 * Whether a job is due, for which instant, and how many of its runs were missed.
 *
 * **Invariant**: pure functions of the store's row, the schedule and the present. One run replaces all earlier missed
 * ones. After a failure a job is tried again a minute later, then after twice the time at each failure, up to an hour.
 */
import { doublingWait, type Doubling } from '../retry.ts';
import type { Ms } from '../units.ts';
import { countDue, lastDue, nextDue } from './cron-times.ts';
import type { JobState, Schedule } from './job.ts';

const RETRY: Doubling = { firstMs: 60_000, maxMs: 3_600_000 };
/** A run with a later date than this from now was dated by a wrong clock. */
const AHEAD_MS_MAX: Ms = 3_600_000;
/** The most missed runs that are counted. */
export const MISSED_MAX = 10_000;

export interface DueRun {
  /** The last instant at which it was due. */
  dueAt: Ms;
  /** Earlier runs that did not begin. */
  missed: number;
}

/** Gives the run that is due at an instant, null if none is. */
export function dueRun(state: JobState, { cron, timeZone }: Schedule, at: Ms): DueRun | null {
  const { doneTo } = state;
  if ((retryAt(state, at) ?? at) > at) return null;
  if (doneTo === null) return { dueAt: at, missed: 0 };
  const isClockBack = doneTo - at > AHEAD_MS_MAX;
  if (!isClockBack && !isDueAfter(doneTo, { cron, timeZone }, at)) return null;
  return { dueAt: lastDue(cron, timeZone, at) ?? at, missed: missedRuns(state, { cron, timeZone }, at) };
}

/** Gives when a job runs next, as far as is known: the present if it is due; null if it never is. */
export function nextRun(state: JobState, schedule: Schedule, at: Ms): Ms | null {
  if (dueRun(state, schedule, at) !== null) return at;
  const { doneTo } = state;
  const again = retryAt(state, at);
  const waits = doneTo === null || isDueAfter(doneTo, schedule, again ?? at);
  if (again !== null && waits) return again;
  return nextDue(schedule.cron, schedule.timeZone, Math.max(at, doneTo ?? at));
}

/** Gives when a failed job is tried again; null if it did not fail, or if a wrong clock dated its failure. */
function retryAt({ failures, last }: JobState, at: Ms): Ms | null {
  if (failures === 0 || last === null) return null;
  const again = last.endedAt + doublingWait(failures - 1, RETRY);
  return again - at > RETRY.maxMs + AHEAD_MS_MAX ? null : again;
}

function isDueAfter(doneTo: Ms, { cron, timeZone }: Schedule, at: Ms): boolean {
  const next = nextDue(cron, timeZone, doneTo);
  return next !== null && next <= at;
}

/** Counts from the schedule's last check: during a long run, or a wait for the next try, no run was missed. */
function missedRuns(state: JobState, { cron, timeZone }: Schedule, at: Ms): number {
  const { doneTo, last } = state;
  const lookedTo = Math.max(doneTo ?? at, last?.endedAt ?? 0, retryAt(state, at) ?? 0);
  const due = countDue(cron, timeZone, { after: lookedTo, to: at, max: MISSED_MAX });
  return Math.max(0, due - 1);
}
