/** A schedule over SQLite in memory and a clock that is moved by hand. */
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import type { Fact } from '../../src/facts.ts';
import { isCron, parseCron } from '../../src/jobs/cron.ts';
import type { JobName } from '../../src/jobs/job-names.ts';
import type { EndedRun } from '../../src/jobs/job-runner.ts';
import { jobStates } from '../../src/jobs/job-table.ts';
import type { Job, JobState, Schedule } from '../../src/jobs/job.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import type { Store } from '../../src/store/store.ts';
import { storeModules } from '../../src/app/store-operations.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { openMemoryLedger } from '../outbox/test-ledger.ts';
import { afterTest } from '../store/test-store.ts';

export const NOON = Date.UTC(2026, 10, 27, 12);
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export interface JobsRig {
  memory: MemoryStore;
  clock: ManualClock;
  jobs: Jobs;
  /** Cron expressions, by default hourly; null is off. May be replaced, as by a reload. */
  crons: Partial<Record<JobName, string | null>>;
  timeZone: string;
  ended: EndedRun[];
  facts: Fact[];
  errors: string[];
  state(name: JobName): Promise<JobState | undefined>;
  /** Moves the clock minute by minute with a look at each, as the ticks of a process that runs. */
  pass(ms: number): Promise<void>;
  /** Looks at the present. */
  look(): Promise<void>;
  /** Another schedule over the same store, as after a restart. */
  restart(jobs: readonly Job[]): void;
}

/** Opens a schedule that is stopped after the test. */
export function openJobs(list: readonly Job[], memory = createMemoryStore(storeModules)): JobsRig {
  const clock = createManualClock(NOON);
  const store: Pick<Store, 'read'> = { read: memory.run };
  const ledger = openMemoryLedger(memory);
  const make = (jobs: readonly Job[]): Jobs =>
    new Jobs(jobs, {
      store,
      ledger,
      clock,
      schedule: (name) => scheduleFor(rig.crons[name], rig.timeZone),
      onEnd: (run) => void rig.ended.push(run),
      onError: (message) => void rig.errors.push(message),
    });
  const rig: JobsRig = {
    memory,
    clock,
    jobs: make(list),
    crons: {},
    timeZone: 'UTC',
    ended: [],
    facts: ledger.published,
    errors: [],
    state: async (name) => (await memory.run(jobStates, {})).find((one) => one.name === name)?.state,
    async pass(ms) {
      for (let moved = 0; moved < ms; moved += MINUTE) {
        await clock.advance(MINUTE);
        await rig.look();
      }
    },
    look: () => rig.jobs.runDue(clock.now()),
    restart: (jobs) => void (rig.jobs = make(jobs)),
  };
  afterTest(async () => {
    await rig.jobs.stop();
    memory.close();
  });
  return rig;
}

function scheduleFor(text: string | null | undefined, timeZone: string): Schedule | null {
  if (text === null) return null;
  const cron = parseCron(text ?? '0 * * * *');
  if (!isCron(cron)) throw new Error(cron.allowed);
  return { cron, timeZone };
}

/** A job that notes the instants for which it ran. */
export function noting(name: JobName, ran: number[], over: Partial<Job> = {}): Job {
  return {
    name,
    limitMs: 10 * MINUTE,
    first: 'wait',
    patience: 1,
    run: (at) => {
      ran.push(at);
      return Promise.resolve();
    },
    ...over,
  };
}

/** A job whose runs end when the test says so; with `ignoresSignal` not even an abort ends them. */
export function held(
  name: JobName,
  { ignoresSignal = false, ...over }: Partial<Job> & { ignoresSignal?: boolean } = {},
): { job: Job; ran: number[]; end(error?: Error): void } {
  const ran: number[] = [];
  let waiting: PromiseWithResolvers<void> | null = null;
  return {
    ran,
    job: noting(name, ran, {
      run(at, signal) {
        ran.push(at);
        const run = Promise.withResolvers<void>();
        waiting = run;
        if (!ignoresSignal) signal.addEventListener('abort', () => run.resolve());
        return run.promise;
      },
      ...over,
    }),
    end(error) {
      if (error) waiting?.reject(error);
      else waiting?.resolve();
    },
  };
}
