/** What the control plane asks of the schedule: its jobs as they are now, and a run of one. */
import type { Ms } from '../units.ts';
import type { Order } from './order.ts';

/** A job as people see it; times are instants. */
export interface JobView {
  name: string;
  /** What it does, as a piece of a sentence. */
  does: string;
  state: 'running' | 'ok' | 'failed' | 'never' | 'off';
  /** Null where the job is off. */
  cron: string | null;
  timeZone: string;
  runningSince: Ms | null;
  /** The last run that ended; null where there was none. */
  last: {
    startedAt: Ms;
    endedAt: Ms;
    durationMs: Ms;
    result: 'ok' | 'failed';
    error: string | null;
    missed: number;
  } | null;
  /** Failed runs since the last good one. */
  failures: number;
  /** When the last good run ended. */
  okAt: Ms | null;
  /** When it runs next, as far as is known; null where it is off. */
  nextAt: Ms | null;
}

export interface JobCommands {
  /** Every job there is, always in the same order. */
  list(): Promise<readonly JobView[]>;
  /**
   * Begins a run at once, whether it is due or not, also of a job that is off; resolves when it has begun.
   * @throws SidecarError `not_found`, `already_running`, `daemon_required`.
   */
  run(name: string, order: Order): Promise<void>;
}
