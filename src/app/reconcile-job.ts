/** The daily comparison of our ledger with Kling's: reads the account first, keeps the result for the alert, and logs it. */
import type { AccountReader } from '../asking/account-reader.ts';
import type { Config } from '../config/config.ts';
import type { Job } from '../jobs/job.ts';
import { noteReconciliation, type LastReconciliation } from '../reconcile/last-reconciliation.ts';
import { reconcile, type Reconciliation } from '../reconcile/reconciliation.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { toCredits, type Ms } from '../units.ts';
import { dateAfter, dateOf, startOfDate } from '../zone.ts';

/** The complete days before today that each run compares: a deduction may come a day late, and a run may be missed. */
const DAYS_BACK = 8;
const EXAMPLES_KEPT = 5;

export interface ReconcileJobDeps {
  store: Store;
  account: Pick<AccountReader, 'readPacks' | 'readLedgers'>;
  config: () => Config;
  log: Log;
}

/** Makes the job `reconcile`. A list of Kling's that cannot be read makes it fail, after the comparison of what is known. */
export function reconcileJob({ store, account, config, log }: ReconcileJobDeps): Job {
  return {
    name: 'reconcile',
    limitMs: 180 * 60_000,
    first: 'wait',
    patience: 2,
    async run(at, signal) {
      const problems: unknown[] = [];
      for (const read of [account.readPacks, account.readLedgers]) {
        await read.call(account, signal).catch((error: unknown) => problems.push(error));
        signal.throwIfAborted();
      }
      const { jobs, price } = config();
      const { timeZone } = jobs;
      const from = startOfDate(timeZone, dateAfter(dateOf(timeZone, at), -DAYS_BACK));
      const last = lastOf(await reconcile(store, { from, to: at, timeZone, at, price }, signal), {
        from,
        to: at,
      });
      await store.write(noteReconciliation, last);
      const { driftCredits, oursOnlyTasks, differentTasks, theirsOnlyTasks, pendingTasks } = last;
      log.info('our ledger was compared with Kling’s', {
        event: 'reconciled',
        driftCredits: toCredits(driftCredits),
        oursOnlyTasks,
        differentTasks,
        theirsOnlyTasks,
        pendingTasks,
      });
      if (problems.length > 0) throw new Error(problems.map((problem) => textOf(problem)).join('; '));
    },
  };
}

function lastOf({ totals }: Reconciliation, { from, to }: { from: Ms; to: Ms }): LastReconciliation {
  const { classes, driftCredits, examples } = totals;
  const ofOurs = examples.filter((example) => example.class !== 'theirsOnly');
  return {
    at: to,
    from,
    to,
    driftCredits,
    oursOnlyTasks: classes.oursOnly.tasks,
    differentTasks: classes.different.tasks,
    theirsOnlyTasks: classes.theirsOnly.tasks,
    theirsOnlyCredits: classes.theirsOnly.theirCredits,
    pendingTasks: classes.pending.tasks,
    examples: ofOurs.slice(0, EXAMPLES_KEPT).map(({ taskId, holdId }) => taskId ?? holdId ?? ''),
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
