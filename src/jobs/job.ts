/**
 * A job: work beside requests, started by the clock, and its row in the store.
 *
 * **Invariant**: a job's `run` ends soon after its signal is aborted, at a point from which the next run can continue. An
 * interrupted job has not run.
 */
import type { Ms } from '../units.ts';
import type { Cron } from './cron.ts';
import type { JobName } from './job-names.ts';

export interface Job {
  readonly name: JobName;
  /** A run that takes longer is aborted and counts as failed. */
  readonly limitMs: Ms;
  /** Whether a job that never ran runs at once, or waits for its first due time. */
  readonly first: 'now' | 'wait';
  /** From this number of failures in a row on, a failure is reported; fewer may end by themselves. At least 1. */
  readonly patience: number;
  /** @throws any error; its message is kept, so it must hold no secret. */
  run(at: Ms, signal: AbortSignal): Promise<void>;
}

/** When a job is due. */
export interface Schedule {
  cron: Cron;
  timeZone: string;
}

export type RunResult = 'ok' | 'failed';

/** A job's row in the store. */
export interface JobState {
  /** Its last known schedule, in the form of {@link scheduleText}; empty if it is not known. */
  schedule: string;
  /** All work up to this instant is done; null if the job never ran and does not wait for its first due time. */
  doneTo: Ms | null;
  /** The last run; null if there was none. */
  last: JobRun | null;
  /** Failed runs since the last successful one. */
  failures: number;
  /** When the last successful run ended; null if there was none. */
  okAt: Ms | null;
}

/** A run that is over. */
export interface JobRun {
  /** The instant for which it was due; null if somebody ordered it. */
  dueAt: Ms | null;
  startedAt: Ms;
  endedAt: Ms;
  durationMs: Ms;
  result: RunResult;
  /** The failure, without secrets; null if there was none. */
  error: string | null;
  /** Earlier runs that were missed, while nothing ran. */
  missed: number;
}

/** The schedule of a job that is off. */
export const OFF = 'off';

/** Returns whether a job's state is of this schedule; the state of a job that was seen before schedules were kept is of any. */
export function isFollowed(state: Pick<JobState, 'schedule'>, schedule: Schedule): boolean {
  return state.schedule === '' || state.schedule === scheduleText(schedule);
}

/** Writes a schedule as one text. */
export function scheduleText(schedule: Schedule | null): string {
  return schedule === null ? OFF : `${schedule.cron.text} ${schedule.timeZone}`;
}
