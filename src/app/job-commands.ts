/** The schedule as the control plane sees it, beside a running sidecar or over a store that is read alone. */
import type { AccountReader } from '../asking/account-reader.ts';
import type { Config } from '../config/config.ts';
import type { JobCommands, JobView } from '../control/job-commands.ts';
import { SidecarError } from '../errors.ts';
import { nextDue } from '../jobs/cron-times.ts';
import { nextRun } from '../jobs/due.ts';
import { isJobName, JOB_NAMES, JOBS, type JobName } from '../jobs/job-names.ts';
import { jobStates } from '../jobs/job-table.ts';
import { isFollowed, type JobState, type Schedule } from '../jobs/job.ts';
import { scheduleOf } from '../jobs/jobs-config.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { recordOrder } from '../ledger/audit.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';

export interface JobCommandsDeps {
  reader: Pick<Store, 'read'>;
  config: () => Config;
  now: () => Ms;
  /** The running schedule, with what writes the audit; null if none runs. */
  running: {
    jobs: Pick<Jobs, 'running' | 'order'>;
    store: Pick<Store, 'write'>;
    /** What the reads of the account are doing. */
    account: Pick<AccountReader, 'progress'>;
  } | null;
}

/** The jobs that read the account. */
const READERS: ReadonlySet<JobName> = new Set(['packs', 'ledgers', 'reconcile']);

/** Makes the commands of the schedule. */
export function jobCommands({ reader, config, now, running }: JobCommandsDeps): JobCommands {
  return {
    async list() {
      const rows = await reader.read(jobStates, {});
      const states = new Map(rows.map(({ name, state }) => [name, state]));
      const since = running?.jobs.running;
      return JOB_NAMES.map((name) =>
        viewOf(name, {
          config: config().jobs,
          at: now(),
          state: states.get(name) ?? null,
          runningSince: since?.get(name) ?? null,
          progress: (READERS.has(name) && running?.account.progress) || null,
        }),
      );
    },
    async run(name, order) {
      if (!isJobName(name)) {
        const message = `There is no job ${JSON.stringify(name)}; there are ${JOB_NAMES.join(', ')}.`;
        throw new SidecarError('not_found', message);
      }
      if (running === null) {
        const message = 'A job is run by a running sidecar: kling-sidecar start.';
        throw new SidecarError('daemon_required', message);
      }
      await running.jobs.order(name);
      const row = { action: 'job.run', subject: name, before: null, after: null };
      await running.store.write(recordOrder, { at: now(), ...order, ...row });
    },
  };
}

interface Known {
  config: Config['jobs'];
  at: Ms;
  state: JobState | null;
  runningSince: Ms | null;
  progress: string | null;
}

function viewOf(name: JobName, { config, at, state, runningSince, progress }: Known): JobView {
  const schedule = scheduleOf(config, name);
  const last = state?.last ?? null;
  const whenIdle = schedule === null ? 'off' : (last?.result ?? 'never');
  return {
    name,
    does: JOBS[name].does,
    state: runningSince === null ? whenIdle : 'running',
    cron: schedule?.cron.text ?? null,
    timeZone: config.timeZone,
    runningSince,
    progress: runningSince === null ? null : progress,
    last,
    failures: state?.failures ?? 0,
    okAt: state?.okAt ?? null,
    nextAt: schedule && nextOf(schedule, state, at),
  };
}

/** A job whose schedule was changed since it was looked at last counts from now on. */
function nextOf(schedule: Schedule, state: JobState | null, at: Ms): Ms | null {
  if (state !== null && isFollowed(state, schedule)) return nextRun(state, schedule, at);
  return nextDue(schedule.cron, schedule.timeZone, at);
}
