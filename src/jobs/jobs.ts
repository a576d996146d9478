/**
 * The schedule: what runs beside requests, when, and what was missed.
 *
 * When a job is due is our own arithmetic ({@link dueRun}): its cron expression in its zone, and what the store knows of its
 * runs. After sleep or downtime a job whose runs were missed runs once, at once. node-cron only calls {@link Jobs.runDue},
 * every minute and in UTC: its own schedules stop in the hour that a zone repeats.
 *
 * Jobs run beside each other, so that one that takes long delays no other. None closes the windows of availability: each
 * attempt is counted in its window by the transaction that journals it.
 *
 * **Invariant**: one run of a job at a time; one that fails is tried again, and one that a stop cut off has not run.
 */
import { schedule, type ScheduledTask } from 'node-cron';
import type { Timer } from '../clock.ts';
import type { Ms } from '../units.ts';
import type { JobName } from './job-names.ts';
import { JobRunner, type RunnerDeps } from './job-runner.ts';
import type { Job } from './job.ts';

/** A start has requests to serve first; and a process that ends again and again begins no job each time. */
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

  /** Says since when each job that runs now does. */
  get running(): ReadonlyMap<JobName, Ms> {
    const running = new Map<JobName, Ms>();
    for (const { name, runningSince } of this.#runners)
      if (runningSince !== null) running.set(name, runningSince);
    return running;
  }

  /** Looks every minute at what is due, for the first time half a minute from now. */
  start(): void {
    const { clock } = this.#deps;
    const look = (): void => void this.runDue(clock.now());
    this.#first = clock.after(FIRST_LOOK_MS, () => {
      // What a sleep of the machine missed is made up by the next look: no warning of node-cron's is needed.
      this.#task = schedule('* * * * *', look, { timezone: 'UTC', suppressMissedWarning: true });
      look();
    });
  }

  /** Ends the schedule, aborts what runs, and waits for it. The caller bounds the wait. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#first?.cancel();
    await this.#task?.destroy();
    await Promise.all(this.#runners.map(({ settled }) => settled));
  }

  /** Runs every job that is due at an instant; resolves when all have run, whatever else was under way before. */
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
