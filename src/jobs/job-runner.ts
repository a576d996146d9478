/**
 * Runs one job: checks whether it is due, runs it within its time limit, and records the result.
 *
 * A check that comes during an earlier check or a run waits for its end and then checks again, since the job may have become
 * due after the earlier one began.
 *
 * **Invariant**: the job runs once at a time. A job that ignores its signal after its time limit has failed, and does not begin
 * again before it has really ended. A run that a stop interrupted is not recorded: it is due again at the next start.
 */
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import { plainText, storableText } from '../plain-text.ts';
import type { Ledger } from '../outbox/ledger.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import { dueRun, type DueRun } from './due.ts';
import type { JobName } from './job-names.ts';
import { followSchedule, jobState, noteJobRun } from './job-table.ts';
import { scheduleText, type Job, type JobRun, type JobState, type RunResult, type Schedule } from './job.ts';

/** A run that is over, for the metrics. */
export interface EndedRun {
  name: JobName;
  result: RunResult;
  seconds: number;
  missed: number;
  /** The failure; null if there was none. */
  error: string | null;
  /** Whether its end is a fact that somebody hears. */
  isNews: boolean;
}

export interface RunnerDeps {
  store: Pick<Store, 'read'>;
  ledger: Pick<Ledger, 'run'>;
  clock: Clock;
  /** When a job is due, by the present config; null if it is off. */
  schedule: (name: JobName) => Schedule | null;
  /** A run ended; called after the facts that its end made true were published. */
  onEnd: (run: EndedRun) => void;
  onError: (message: string, error: unknown) => void;
}

const ERROR_CHARACTERS_MAX = 500;
const MINUTE_MS = 60_000;

/** A run to begin, for an instant; null if somebody ordered it. */
interface Wanted {
  at: Ms;
  dueAt: Ms | null;
  missed: number;
}

export class JobRunner {
  readonly #job: Job;
  readonly #deps: RunnerDeps;
  readonly #stopping: AbortSignal;
  /** The present check or run. */
  #turn: Promise<void> | null = null;
  /** The check that waits for it, for the latest instant of all callers. */
  #waiting: { at: Ms; turn: Promise<void> } | null = null;
  /** The check whether the job is due, while it runs. */
  #decision: Promise<DueRun | null> | null = null;
  #runningSince: Ms | null = null;

  constructor(job: Job, deps: RunnerDeps, stopping: AbortSignal) {
    this.#job = job;
    this.#deps = deps;
    this.#stopping = stopping;
  }

  get name(): JobName {
    return this.#job.name;
  }

  /** When the present run began; null without one. */
  get runningSince(): Ms | null {
    return this.#runningSince;
  }

  /** Resolves when the present check or run is over. */
  get settled(): Promise<void> {
    return this.#turn ?? Promise.resolve();
  }

  /** Runs the job if it is due at an instant; resolves when it has run. */
  runDue(at: Ms): Promise<void> {
    if (this.#waiting !== null) {
      // A run that is due at the earlier instant is due at the later one too.
      this.#waiting.at = Math.max(this.#waiting.at, at);
      return this.#waiting.turn;
    }
    if (this.#turn === null) return this.#begin(this.#look(at));
    const turn = this.#turn.then(() => {
      const latest = this.#waiting?.at ?? at;
      this.#waiting = null;
      return this.#begin(this.#look(latest));
    });
    this.#waiting = { at, turn };
    return turn;
  }

  /**
   * Begins a run at once, whether it is due or not; resolves when it has begun.
   * @throws SidecarError `already_running`, `shutting_down`.
   */
  async order(): Promise<void> {
    await this.#decision?.catch(() => undefined);
    if (this.#stopping.aborted) throw new SidecarError('shutting_down', 'The sidecar is stopping.');
    if (this.#runningSince !== null) {
      const since = new Date(this.#runningSince).toISOString();
      const message = `The job ${this.name} is running, since ${since}: wait for its end (kling-sidecar jobs).`;
      throw new SidecarError('already_running', message);
    }
    void this.#begin(this.#run({ at: this.#deps.clock.now(), dueAt: null, missed: 0 }));
  }

  #begin(turn: Promise<void>): Promise<void> {
    const guarded = turn
      .catch((error: unknown) => {
        if (!this.#stopping.aborted)
          this.#deps.onError(`the job ${this.name} could not be begun or noted`, error);
      })
      .finally(() => {
        if (this.#turn === guarded) this.#turn = null;
      });
    this.#turn = guarded;
    return guarded;
  }

  async #look(at: Ms): Promise<void> {
    // An order that waits for the same decision continues after this, and finds the run that begins here.
    this.#decision = this.#decide(at);
    let due: DueRun | null;
    try {
      due = await this.#decision;
    } finally {
      this.#decision = null;
    }
    if (due === null || this.#stopping.aborted || this.#runningSince !== null) return;
    await this.#run({ ...due, at });
  }

  /** Returns the due run; a changed schedule counts from this instant. */
  async #decide(at: Ms): Promise<DueRun | null> {
    if (this.#stopping.aborted) return null;
    const { store } = this.#deps;
    const { name } = this;
    const schedule = this.#deps.schedule(name);
    const text = scheduleText(schedule);
    const known = await store.read(jobState, { name });
    const state = known?.schedule === text ? known : await this.#follow(text, at);
    return schedule === null ? null : dueRun(state, schedule, at);
  }

  async #follow(schedule: string, at: Ms): Promise<JobState> {
    const { first, patience } = this.#job;
    const args = { name: this.name, schedule, at, waits: first === 'wait', patience };
    return (await this.#deps.ledger.run(followSchedule, args)).state;
  }

  async #run({ at, dueAt, missed }: Wanted): Promise<void> {
    const { clock } = this.#deps;
    const fromTick = clock.monotonic();
    const startedAt = clock.now();
    this.#runningSince = startedAt;
    const limit = new AbortController();
    const signal = AbortSignal.any([this.#stopping, limit.signal]);
    const work = (async () => this.#job.run(at, signal))();
    const isOver = work.then(
      () => undefined,
      () => undefined,
    );
    try {
      const problem = await this.#outcome(work, limit);
      if (this.#stopping.aborted) return;
      const durationMs = Math.round(clock.monotonic() - fromTick);
      const endedAt = clock.now();
      const result = problem === null ? 'ok' : 'failed';
      await this.#note(at, { dueAt, startedAt, endedAt, durationMs, result, error: problem, missed });
    } finally {
      if (limit.signal.aborted) void isOver.then(() => (this.#runningSince = null));
      else this.#runningSince = null;
    }
  }

  /** Waits for the end of a run, at most for its time limit; gives the failure, null without one. */
  async #outcome(work: Promise<void>, limit: AbortController): Promise<string | null> {
    const { clock } = this.#deps;
    const { limitMs } = this.#job;
    const late = Promise.withResolvers<string>();
    const timer = clock.after(limitMs, () => {
      limit.abort();
      late.resolve(`it took longer than ${Math.round(limitMs / MINUTE_MS)} minutes and was aborted`);
    });
    try {
      return await Promise.race([
        work.then(
          () => null,
          (error: unknown) => errorText(error),
        ),
        late.promise,
      ]);
    } finally {
      timer.cancel();
    }
  }

  async #note(at: Ms, run: JobRun): Promise<void> {
    const { ledger, onEnd } = this.#deps;
    const { name } = this;
    const { patience } = this.#job;
    const { durationMs, result, missed, error } = run;
    const ended = { name, result, missed, error, seconds: durationMs / 1000 };
    let isNews = false;
    try {
      const { facts } = await ledger.run(noteJobRun, { name, at, run, patience });
      isNews = facts.length > 0;
    } finally {
      onEnd({ ...ended, isNews });
    }
  }
}

function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return storableText(plainText(text).slice(0, ERROR_CHARACTERS_MAX)) || 'it failed and gave no reason';
}
