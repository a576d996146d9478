/** The rows of jobs: each with its last run, and the instant up to which its work is done. */
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import { defineRead, type Migration, type Tx } from '../store/operation.ts';
import type { StoreModule } from '../store/registry.ts';
import type { Ms } from '../units.ts';
import { OFF, type JobRun, type JobState, type RunResult } from './job.ts';

const jobMigrations: readonly Migration[] = [
  {
    // Older rows have a job's last run, but not its schedule.
    id: '150-job-runs',
    sqlite: `
CREATE TABLE job_runs (
  name TEXT PRIMARY KEY,
  schedule TEXT NOT NULL,
  done_to INTEGER,
  due_at INTEGER,
  started_at INTEGER,
  ended_at INTEGER,
  duration_ms INTEGER CHECK (duration_ms >= 0),
  result TEXT CHECK (result IN ('ok', 'failed')),
  error TEXT,
  missed INTEGER NOT NULL DEFAULT 0 CHECK (missed >= 0),
  failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
  ok_at INTEGER,
  CHECK ((result IS NULL) = (started_at IS NULL)),
  CHECK ((result IS NULL) = (ended_at IS NULL)),
  CHECK ((result IS NULL) = (duration_ms IS NULL)),
  CHECK (result IS NULL OR (result = 'failed') = (error IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO job_runs (name, schedule, done_to, started_at, ended_at, duration_ms, result, ok_at)
SELECT SUBSTR(key, 5), '', CAST(value AS INTEGER), CAST(value AS INTEGER), CAST(value AS INTEGER), 0, 'ok',
  CAST(value AS INTEGER)
FROM meta WHERE key LIKE 'job:%';
DELETE FROM meta WHERE key LIKE 'job:%';
`,
  },
];

interface JobColumns {
  name: string;
  schedule: string;
  done_to: Ms | null;
  due_at: Ms | null;
  started_at: Ms | null;
  ended_at: Ms | null;
  duration_ms: Ms | null;
  result: RunResult | null;
  error: string | null;
  missed: number;
  failures: number;
  ok_at: Ms | null;
}

/** Lists the rows of all known jobs, by name. */
export const jobStates = defineRead(
  'jobs.states',
  async (tx: Tx, _args: Record<string, never>): Promise<{ name: string; state: JobState }[]> => {
    const rows = await tx.all<JobColumns>('SELECT * FROM job_runs ORDER BY name');
    return rows.map((row) => ({ name: row.name, state: toState(row) }));
  },
);

/** Gives a job's row; null if it was never seen. */
export const jobState = defineRead('jobs.state', (tx: Tx, args: { name: string }) =>
  selectState(tx, args.name),
);

export interface FollowArgs {
  name: string;
  /** In the form of `scheduleText`. */
  schedule: string;
  at: Ms;
  /** Whether a job that never ran waits for its first due time, and is not due at once. */
  waits: boolean;
  /** As {@link Job.patience}. */
  patience: number;
}

type JobEnded = Extract<Fact, { kind: 'job_ended' }>;

/**
 * Records a job's schedule. If it changed, due runs count from now on: a missed run of the old schedule is not made up, and a
 * job that was off missed nothing. A failed job that is switched off fails no longer, which is a fact if its failure was one.
 */
export const followSchedule = defineFactWrite(
  'jobs.followSchedule',
  async (tx: Tx, args: FollowArgs): Promise<{ state: JobState; facts: JobEnded[] }> => {
    const { name, schedule, at, waits, patience } = args;
    const before = await selectState(tx, name);
    if (before === null) {
      const doneTo = waits ? at : null;
      const insert = 'INSERT INTO job_runs (name, schedule, done_to) VALUES (?, ?, ?)';
      await tx.run(insert, name, schedule, doneTo);
      return { state: { schedule, doneTo, last: null, failures: 0, okAt: null }, facts: [] };
    }
    if (before.schedule === schedule) return { state: before, facts: [] };
    const isKnown = before.schedule !== '' && before.doneTo !== null;
    const doneTo = isKnown ? at : before.doneTo;
    const failures = schedule === OFF ? 0 : before.failures;
    await tx.run(
      'UPDATE job_runs SET schedule = ?, done_to = ?, failures = ? WHERE name = ?',
      schedule,
      doneTo,
      failures,
      name,
    );
    const isOver = schedule === OFF && before.failures >= patience;
    const fact: JobEnded = { kind: 'job_ended', job: name, result: 'ok', error: null, missed: 0, at };
    return { state: { ...before, schedule, doneTo, failures }, facts: isOver ? [fact] : [] };
  },
  { scope: 'exclusive' },
);

export interface NoteRunArgs {
  name: string;
  /** The instant for which it ran: after a successful run, all work up to here is done. */
  at: Ms;
  run: JobRun;
  /** As {@link Job.patience}. */
  patience: number;
}

/**
 * Records the end of a run. It is a fact if it failed often enough to be reported, if it is the first successful one
 * after that, or if runs were missed.
 */
export const noteJobRun = defineFactWrite(
  'jobs.noteRun',
  async (tx: Tx, { name, at, run, patience }: NoteRunArgs): Promise<{ facts: JobEnded[] }> => {
    const before = await selectState(tx, name);
    const isOk = run.result === 'ok';
    const failedBefore = before?.failures ?? 0;
    const failures = isOk ? 0 : failedBefore + 1;
    // Missed runs of an unreported failure are reported with the next run.
    const isUnreported = failedBefore > 0 && failedBefore < patience;
    const missed = run.missed + (isUnreported ? (before?.last?.missed ?? 0) : 0);
    await tx.run(
      `INSERT INTO job_runs (name, schedule, done_to, due_at, started_at, ended_at, duration_ms, result, error, missed,
         failures, ok_at) VALUES (?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET done_to = excluded.done_to, due_at = excluded.due_at,
         started_at = excluded.started_at, ended_at = excluded.ended_at, duration_ms = excluded.duration_ms,
         result = excluded.result, error = excluded.error, missed = excluded.missed, failures = excluded.failures,
         ok_at = excluded.ok_at`,
      name,
      isOk ? at : (before?.doneTo ?? null),
      run.dueAt,
      run.startedAt,
      run.endedAt,
      run.durationMs,
      run.result,
      run.error,
      missed,
      failures,
      isOk ? run.endedAt : (before?.okAt ?? null),
    );
    const isNews = isOk ? failedBefore >= patience || missed > 0 : failures >= patience;
    const { result, error, endedAt } = run;
    const fact: JobEnded = { kind: 'job_ended', job: name, result, error, missed, at: endedAt };
    return { facts: isNews ? [fact] : [] };
  },
  { scope: 'exclusive' },
);

async function selectState(tx: Tx, name: string): Promise<JobState | null> {
  const row = await tx.get<JobColumns>('SELECT * FROM job_runs WHERE name = ?', name);
  return row === undefined ? null : toState(row);
}

function toState(row: JobColumns): JobState {
  return {
    schedule: row.schedule,
    doneTo: row.done_to,
    last: lastRun(row),
    failures: row.failures,
    okAt: row.ok_at,
  };
}

function lastRun(row: JobColumns): JobRun | null {
  const { started_at: startedAt, ended_at: endedAt, duration_ms: durationMs, result } = row;
  if (startedAt === null || endedAt === null || durationMs === null || result === null) return null;
  return { dueAt: row.due_at, startedAt, endedAt, durationMs, result, error: row.error, missed: row.missed };
}

export const jobsModule: StoreModule = {
  migrations: jobMigrations,
  operations: [jobStates, jobState, followSchedule, noteJobRun],
};
