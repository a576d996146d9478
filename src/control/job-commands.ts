/** The commands of the control plane about the schedule: the present state of its jobs, and a run of one. */
import type { Ms } from '../units.ts';
import type { Order } from './order.ts';

/** A job for people; times are instants. */
export interface JobView {
  name: string;
  /** What it does, as a part of a sentence. */
  does: string;
  state: 'running' | 'ok' | 'failed' | 'never' | 'off';
  /** Null if the job is off. */
  cron: string | null;
  timeZone: string;
  runningSince: Ms | null;
  /** What a running job is doing, if it says so. */
  progress: string | null;
  /** The last run that ended; null if there was none. */
  last: {
    startedAt: Ms;
    endedAt: Ms;
    durationMs: Ms;
    result: 'ok' | 'failed';
    error: string | null;
    missed: number;
  } | null;
  /** Failed runs since the last successful one. */
  failures: number;
  /** When the last successful run ended. */
  okAt: Ms | null;
  /** When it runs next, as far as is known; null if it is off. */
  nextAt: Ms | null;
}

export interface JobCommands {
  /** All jobs, always in the same order. */
  list(): Promise<readonly JobView[]>;
  /**
   * Begins a run at once, whether it is due or not, also of a job that is off; resolves when it has begun.
   * @throws SidecarError `not_found`, `already_running`, `daemon_required`.
   */
  run(name: string, order: Order): Promise<void>;
}
