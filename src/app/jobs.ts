/** The app's jobs: work beside requests, started by the clock, with the parts of the running app that each needs. */
import type { AppAlerts } from './alerts.ts';
import { reconcileJob } from './reconcile-job.ts';
import { closeMonths, type MonthEvent } from '../claims/months.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { makeBackup } from '../jobs/backup.ts';
import type { Job } from '../jobs/job.ts';
import { Jobs } from '../jobs/jobs.ts';
import { scheduleOf } from '../jobs/jobs-config.ts';
import { dropOld } from '../jobs/retention.ts';
import { noteVerification } from '../ledger/verification-table.ts';
import type { Verification } from '../ledger/verify.ts';
import type { Ledger } from '../outbox/ledger.ts';
import type { AccountReader } from '../asking/account-reader.ts';
import type { ClockLook } from '../asking/clock-look.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { ClockTrust } from '../upstream/clock-trust.ts';

const MINUTE_MS = 60_000;

export interface AppJobsDeps {
  store: Store;
  ledger: Pick<Ledger, 'run'>;
  account: Pick<AccountReader, 'readPacks' | 'readLedgers'>;
  alerts: Pick<AppAlerts, 'takeDigest'>;
  /** The clock by which money is dated: what a step of the wall clock would make due waits until Kling's clock agrees. */
  dated: Clock;
  clockLook: Pick<ClockLook, 'settle'>;
  clockTrust: Pick<ClockTrust, 'check'>;
  log: Log;
  config: () => Config;
  /** Counts a run that ended; `missed` runs should have been before it. */
  onRun: (run: { name: string; result: 'ok' | 'failed'; seconds: number; missed: number }) => void;
}

/** Makes the schedule; nothing runs before it is started. */
export function createAppJobs(deps: AppJobsDeps): Jobs {
  const { store, ledger, dated, log, config, onRun } = deps;
  const jobs = [
    monthsJob(deps),
    ...accountJobs(deps),
    reconcileJob(deps),
    ...digestJobs(deps),
    retentionJob(deps),
    backupJob(deps),
  ];
  return new Jobs(jobs, {
    store,
    ledger,
    clock: dated,
    schedule: (name) => scheduleOf(config().jobs, name),
    onEnd({ isNews, error, ...run }) {
      onRun(run);
      // A failure that somebody hears of is logged by the outbox.
      if (error !== null && !isNews) {
        const fields = { event: 'job_ended', job: run.name, result: run.result, error } as const;
        log.info('a job failed; it is tried again', fields);
      }
    },
    onError: (message, error) => log.error(message, { event: 'background_failed', error }),
  });
}

/** A month that was missed while nothing ran is met at the next run. */
function monthsJob({ store, ledger, config, log }: AppJobsDeps): Job {
  return {
    name: 'sla-months',
    limitMs: 15 * MINUTE_MS,
    first: 'now',
    patience: 1,
    run: (at, signal) =>
      closeMonths({ store, ledger, config, signal, onEvent: (event) => logMonth(log, event) }, at),
  };
}

function logMonth(log: Log, { kind, ...fields }: MonthEvent): void {
  const line = { event: kind, ...fields };
  if (kind === 'month_closed') log.info('a month of availability was closed', line);
  else if (kind === 'claim_not_due') log.info('no claim is due for a month', line);
  else log.warn('the numbers of a month changed after its claim was filed; claim draft shows them', line);
}

/** Kling may be unreachable for a while: a failure is reported only once it has lasted a quarter of an hour. */
function accountJobs({ account }: AppJobsDeps): Job[] {
  const both = { first: 'now', patience: 5 } as const;
  return [
    {
      ...both,
      name: 'packs',
      limitMs: 5 * MINUTE_MS,
      run: (_at, signal) => account.readPacks(signal),
    },
    {
      ...both,
      name: 'ledgers',
      limitMs: 180 * MINUTE_MS,
      run: (_at, signal) => account.readLedgers(signal),
    },
  ];
}

/** A digest is a notice of its day or week: a run that is repeated sends nothing twice. */
function digestJobs({ alerts }: AppJobsDeps): Job[] {
  const both = { limitMs: 5 * MINUTE_MS, first: 'wait', patience: 1 } as const;
  return [
    { ...both, name: 'digest', run: (at) => alerts.takeDigest('daily', at) },
    { ...both, name: 'weekly-report', run: (at) => alerts.takeDigest('weekly', at) },
  ];
}

function retentionJob({ store, config, log, clockLook, clockTrust }: AppJobsDeps): Job {
  return {
    name: 'retention',
    limitMs: 120 * MINUTE_MS,
    first: 'wait',
    patience: 1,
    async run(at, signal) {
      if (!(await isClockRight(clockLook, clockTrust))) {
        const message = 'old records stay for now: this machine’s clock could not be compared with Kling’s';
        return log.warn(message, { event: 'records_kept' });
      }
      const { callRetentionDays, promptRetentionDays } = config().store;
      const settings = { callRetentionDays, promptRetentionDays, timeZone: config().sla.timeZone };
      logDropped(log, await dropOld(store, settings, { at, signal }));
    },
  };
}

function backupJob({ store, dated, config, log }: AppJobsDeps): Job {
  const reader = new URL('./store-reader.ts', import.meta.url);
  const onWarning = (message: string, error: unknown): void =>
    log.warn(message, { event: 'background_failed', error });
  return {
    name: 'backup',
    limitMs: 60 * MINUTE_MS,
    first: 'wait',
    patience: 1,
    async run(at, signal) {
      const { backupDir: folder, backupsKept: kept } = config().jobs;
      const onVerified = ({ problems }: Verification): Promise<unknown> =>
        store.write(noteVerification, { at, problems });
      const deps = { store, reader, clock: dated, onWarning, onVerified };
      const { path, dropped, verified } = await makeBackup(deps, { folder, kept }, { at, signal });
      const { holds, entries } = verified;
      log.info('a backup was made and verified', { event: 'backup_made', path, holds, entries, dropped });
    },
  };
}

/** Returns whether the clock is trusted, after a look at Kling's if needed: a wrong one would drop everything. */
async function isClockRight(
  look: AppJobsDeps['clockLook'],
  trust: AppJobsDeps['clockTrust'],
): Promise<boolean> {
  try {
    await look.settle();
    trust.check();
    return true;
  } catch {
    return false;
  }
}

/** Logs how many records of which kind were dropped, where any were. */
function logDropped(log: Log, counts: Readonly<Record<string, number>>): void {
  const dropped = Object.entries(counts).filter(([, count]) => count > 0);
  if (dropped.length > 0)
    log.info('old records dropped', { event: 'records_dropped', ...Object.fromEntries(dropped) });
}
