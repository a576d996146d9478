/**
 * What a job is: work beside requests, done by the clock, and what the store knows of each.
 *
 * **Invariant**: a job's `run` ends soon after its signal is aborted, at a place from which the next run can go on. A job that
 * was cut off has not run.
 */
import type { Ms } from '../units.ts';
import type { Cron } from './cron.ts';
import type { JobName } from './job-names.ts';

export interface Job {
  readonly name: JobName;
  /** A run that takes longer is aborted and counts as failed. */
  readonly limitMs: Ms;
  /** Whether it runs at once where it never ran, or waits for its first time. */
  readonly first: 'now' | 'wait';
  /** A failure is reported from this number of failures in a row on; those before may pass by themselves. At least 1. */
  readonly patience: number;
  /** @throws whatever went wrong; its message is kept, so it must hold no secret. */
  run(at: Ms, signal: AbortSignal): Promise<void>;
}

/** When a job is due. */
export interface Schedule {
  cron: Cron;
  timeZone: string;
}

export type RunResult = 'ok' | 'failed';

/** What the store knows of a job. */
export interface JobState {
  /** The schedule that it was seen with last, as {@link scheduleText} writes it; empty where that is not known. */
  schedule: string;
  /** What was due up to this instant is done; null where the job never ran and does not wait for its first time. */
  doneTo: Ms | null;
  /** The last run; null where there was none. */
  last: JobRun | null;
  /** Runs that failed since the last good one. */
  failures: number;
  /** When the last good run ended; null where there was none. */
  okAt: Ms | null;
}

/** A run that is over. */
export interface JobRun {
  /** The instant that it was for; null where somebody ordered it. */
  dueAt: Ms | null;
  startedAt: Ms;
  endedAt: Ms;
  durationMs: Ms;
  result: RunResult;
  /** What went wrong, without secrets; null where nothing did. */
  error: string | null;
  /** Runs that should have been before it, while nothing ran. */
  missed: number;
}

/** The schedule of a job that is off. */
export const OFF = 'off';

/** Tells whether a job's state is of this schedule; the state of a job that was seen before schedules were kept is of any. */
export function isFollowed(state: Pick<JobState, 'schedule'>, schedule: Schedule): boolean {
  return state.schedule === '' || state.schedule === scheduleText(schedule);
}

/** Writes a schedule as one text. */
export function scheduleText(schedule: Schedule | null): string {
  return schedule === null ? OFF : `${schedule.cron.text} ${schedule.timeZone}`;
}
