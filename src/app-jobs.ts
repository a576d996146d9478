/** The app's jobs: what is done once a day beside requests. */
import { purgeOld } from './calls/retention.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { jobLastRun, noteJobRun } from './jobs-table.ts';
import { Jobs } from './jobs.ts';
import type { Store } from './store/store.ts';
import type { Log } from './telemetry/log.ts';

const DAY_MS = 86_400_000;

export interface AppJobsDeps {
  store: Store;
  clock: Clock;
  log: Log;
  config: () => Config;
}

/** Makes the schedule; nothing runs before it is started. */
export function createAppJobs({ store, clock, log, config }: AppJobsDeps): Jobs {
  const retention = async (at: number): Promise<void> => {
    const { callRetentionDays, promptRetentionDays } = config().store;
    for (;;) {
      // A run drops a bounded number of rows, so that no create waits long behind it.
      const purged = await store.write(purgeOld, { at, callRetentionDays, promptRetentionDays });
      log.info('old records dropped', { ...purged });
      if (!purged.more) return;
    }
  };
  return new Jobs([{ name: 'retention', periodMs: DAY_MS, run: retention }], {
    clock,
    lastRun: (name) => store.read(jobLastRun, { name }),
    noteRun: (name, at) => store.write(noteJobRun, { name, at }),
    onError: (message, error) => log.error(message, { error }),
  });
}
