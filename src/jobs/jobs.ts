/**
 * The schedule: the jobs, when they are due, and missed runs.
 *
 * Our own code computes when a job is due ({@link dueRun}): from its cron expression in its zone and its row in the store.
 * After sleep or downtime a job with missed runs runs once, at once. node-cron only calls {@link Jobs.runDue},
 * every minute and in UTC: its own schedules stop in the hour that a zone repeats.
 *
 * Jobs run beside each other, so that one that takes long delays no other. None closes the windows of availability: the
 * transaction that journals an attempt counts it in its window.
 *
 * **Invariant**: one run of a job at a time; a failed run is tried again, and a run that a stop interrupted has not run.
 */
import { schedule, type ScheduledTask } from 'node-cron';
import type { Timer } from '../clock.ts';
import type { Ms } from '../units.ts';
import type { JobName } from './job-names.ts';
import { JobRunner, type RunnerDeps } from './job-runner.ts';
import type { Job } from './job.ts';

/** After a start requests come first; and a process that ends again and again begins no jobs. */
const FIRST_LOOK_MS: Ms = 30_000;

export class Jobs {
  readonly #runners: readonly JobRunner[];
  readonly #deps: RunnerDeps;
  readonly #stopping = new AbortController();
  #first: Timer | null = null;
  #task: ScheduledTask | null = null;

  constructor(jobs: readonly Job[], deps: RunnerDeps) {
    this.#runners = jobs.map((job) => new JobRunner(job, deps, this.#stopping.signal));
    this.#deps = deps;
  }

  get names(): JobName[] {
    return this.#runners.map(({ name }) => name);
  }

  /** Gives the start of each running job. */
  get running(): ReadonlyMap<JobName, Ms> {
    const running = new Map<JobName, Ms>();
    for (const { name, runningSince } of this.#runners)
      if (runningSince !== null) running.set(name, runningSince);
    return running;
  }

  /** Checks every minute which jobs are due, for the first time half a minute from now. */
  start(): void {
    const { clock } = this.#deps;
    const look = (): void => void this.runDue(clock.now());
    this.#first = clock.after(FIRST_LOOK_MS, () => {
      // The next check makes up for the runs that a sleep of the machine missed: node-cron's warning is not needed.
      this.#task = schedule('* * * * *', look, { timezone: 'UTC', suppressMissedWarning: true });
      look();
    });
  }

  /** Ends the schedule, aborts running jobs, and waits for their end. The caller bounds the wait. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#first?.cancel();
    await this.#task?.destroy();
    await Promise.all(this.#runners.map(({ settled }) => settled));
  }

  /** Runs every job that is due at an instant; resolves when all have run, including runs that had begun before. */
  async runDue(at: Ms): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.runDue(at)));
  }

  /**
   * Begins a run of a job at once; resolves when it has begun.
   * @throws SidecarError `already_running`, `shutting_down`.
   */
  async order(name: JobName): Promise<void> {
    await this.#runners.find((runner) => runner.name === name)?.order();
  }
}
