/**
 * The schedule: what runs beside requests, when, and what was missed.
 *
 * Every job has a period and the instant of its last run, which the store keeps: after sleep or downtime a job that was
 * missed runs once, at once. node-cron only calls {@link Jobs.runDue}, every minute and in UTC, since local schedules
 * skip or repeat hours when daylight saving changes.
 *
 * **Invariant**: one run of a job at a time; a job that fails is told and tried again at the next minute. One that a stop
 * cut off has not run: it runs at the next start.
 */
import { schedule, type ScheduledTask } from 'node-cron';
import type { Clock } from './clock.ts';
import type { Ms } from './units.ts';

export interface Job {
  name: string;
  periodMs: Ms;
  /** Ends soon after `signal` is aborted, at a place from which the next run can go on. */
  run(at: Ms, signal: AbortSignal): Promise<void>;
}

export interface JobRun {
  name: string;
  result: 'ok' | 'failed';
  seconds: number;
  missed: number;
}

export interface JobsDeps {
  clock: Clock;
  lastRun(name: string): Promise<Ms | null>;
  noteRun(name: string, at: Ms): Promise<void>;
  /** A run ended; `missed` runs should have been between the last one and this. */
  onRun(run: JobRun): void;
  onError(message: string, error: unknown): void;
}

export class Jobs {
  readonly #jobs: readonly Job[];
  readonly #deps: JobsDeps;
  #task: ScheduledTask | null = null;
  #running: Promise<void> | null = null;
  readonly #ending = new AbortController();

  constructor(jobs: readonly Job[], deps: JobsDeps) {
    this.#jobs = jobs;
    this.#deps = deps;
  }

  get names(): string[] {
    return this.#jobs.map(({ name }) => name);
  }

  /** Looks every minute at what is due, and once now. */
  start(): void {
    this.#task = schedule('* * * * *', () => this.runDue(this.#deps.clock.now()), { timezone: 'UTC' });
    void this.runDue(this.#deps.clock.now());
  }

  /** Ends the schedule, tells what runs to end, and waits for it. The caller bounds the wait. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#task?.destroy();
    await this.#running;
  }

  /** Runs every job whose period has passed since its last run. */
  async runDue(at: Ms): Promise<void> {
    this.#running ??= this.#pass(at).finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  async #pass(at: Ms): Promise<void> {
    const { signal } = this.#ending;
    for (const job of this.#jobs) {
      try {
        const last = await this.#deps.lastRun(job.name);
        if (last !== null && at - last < job.periodMs && at >= last) continue;
        if (signal.aborted) return;
        await this.#run(job, at, missedRuns(job, last, at));
      } catch (error) {
        if (signal.aborted) return;
        this.#deps.onError(`the job ${job.name} failed`, error);
      }
    }
  }

  async #run(job: Job, at: Ms, missed: number): Promise<void> {
    const { clock, noteRun, onRun } = this.#deps;
    const from = clock.monotonic();
    const ended = (result: JobRun['result']): void =>
      onRun({ name: job.name, result, seconds: (clock.monotonic() - from) / 1000, missed });
    const { signal } = this.#ending;
    try {
      await job.run(at, signal);
      if (signal.aborted) return;
      await noteRun(job.name, at);
    } catch (error) {
      ended('failed');
      throw error;
    }
    ended('ok');
  }
}

/** Counts the runs that should have been before this one; a run up to one period late was not missed. */
function missedRuns(job: Job, last: Ms | null, at: Ms): number {
  if (last === null || at < last) return 0;
  return Math.max(0, Math.floor((at - last) / job.periodMs) - 1);
}
