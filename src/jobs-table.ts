/** When each job last ran: kept in the store, so that a start knows what was missed. */
import { defineRead, defineWrite, type Tx } from './store/operation.ts';
import type { StoreModule } from './store/registry.ts';
import type { Ms } from './units.ts';

/** Gives a job's last run; null where it never ran here. */
export const jobLastRun = defineRead(
  'jobs.lastRun',
  async (tx: Tx, args: { name: string }): Promise<Ms | null> => {
    const row = await tx.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', `job:${args.name}`);
    return row ? Number(row.value) : null;
  },
);

/** Notes that a job ran. */
export const noteJobRun = defineWrite(
  'jobs.noteRun',
  async (tx: Tx, args: { name: string; at: Ms }): Promise<void> => {
    await tx.run(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      `job:${args.name}`,
      String(args.at),
    );
  },
);

export const jobsModule: StoreModule = { migrations: [], operations: [jobLastRun, noteJobRun] };
