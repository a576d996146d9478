/** The app's jobs: what is done beside requests, by the day or the hour. */
import { closeMonths } from './app-claims.ts';
import { purgeDeductions } from './account/account-table.ts';
import { dropHoldTraces } from './budget/hold-trace-table.ts';
import { purgeOld } from './calls/retention.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { Fact } from './facts.ts';
import { dropDelivered } from './outbox/outbox-table.ts';
import { jobLastRun, noteJobRun } from './jobs-table.ts';
import { Jobs, type JobRun } from './jobs.ts';
import type { Store } from './store/store.ts';
import type { Log } from './telemetry/log.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Days that facts of the outbox are kept after every receiver took them. */
const HEARD_FACTS_DAYS = 30;
/** Days that the trace of a create is kept for links; no task takes longer. */
const TRACE_DAYS = 30;

export interface AppJobsDeps {
  store: Store;
  clock: Clock;
  log: Log;
  config: () => Config;
  publish: (facts: readonly Fact[]) => void;
  onRun: (run: JobRun) => void;
}

/** Makes the schedule; nothing runs before it is started. */
export function createAppJobs({ store, clock, log, config, publish, onRun }: AppJobsDeps): Jobs {
  const retention = async (at: number, signal: AbortSignal): Promise<void> => {
    const { callRetentionDays, promptRetentionDays } = config().store;
    while (!signal.aborted) {
      // A run drops a bounded number of rows, so that no create waits long behind it.
      const purged = await store.write(purgeOld, { at, callRetentionDays, promptRetentionDays });
      const before = at - callRetentionDays * DAY_MS;
      const tracesBefore = at - Math.min(callRetentionDays, TRACE_DAYS) * DAY_MS;
      const traces = await store.write(dropHoldTraces, { before: tracesBefore });
      const { deductions, more } = await store.write(purgeDeductions, { before });
      const facts = await store.write(dropDelivered, { before: at - HEARD_FACTS_DAYS * DAY_MS });
      logDropped(log, { ...purged, deductions, facts: facts.dropped, traces: traces.dropped });
      if (!purged.more && !more && !facts.more && !traces.more) return;
    }
  };
  const jobs = [
    { name: 'retention', periodMs: DAY_MS, run: retention },
    // Closes months and drafts their claims; a month that was missed while nothing ran is met at the next run.
    {
      name: 'sla-months',
      periodMs: HOUR_MS,
      run: (at: number, signal: AbortSignal) => closeMonths({ store, config, log, publish, signal }, at),
    },
  ];
  return new Jobs(jobs, {
    clock,
    lastRun: (name) => store.read(jobLastRun, { name }),
    noteRun: (name, at) => store.write(noteJobRun, { name, at }),
    onRun,
    onError: (message, error) => log.error(message, { event: 'background_failed', error }),
  });
}

/** Logs how many records of which kind were dropped, where any were. */
function logDropped(log: Log, counts: Readonly<Record<string, number | boolean>>): void {
  const dropped = Object.entries(counts).filter(([kind, count]) => kind !== 'more' && count !== 0);
  if (dropped.length > 0)
    log.info('old records dropped', { event: 'records_dropped', ...Object.fromEntries(dropped) });
}
