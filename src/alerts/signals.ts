/** What only the running process knows, as rules see it at a look. Nothing here waits. */
import type { BudgetForecast } from '../telemetry/forecast.ts';
import type { Ms } from '../units.ts';

export interface Signals {
  /** Kling's word that these credentials are refused; null while they are taken, `unknown` until Kling answered since the start. */
  readonly credentials: { code: number; message: string; since: Ms } | null | 'unknown';
  /** Why our clock is not trusted; null while it is, `unknown` until it was compared with Kling's since the start. */
  readonly clock: { offsetMs: Ms | null; since: Ms } | null | 'unknown';
  /** The forecast that the gauges show: one instance for both, so that they say the same. */
  readonly budgetForecast: Pick<BudgetForecast, 'note' | 'reachesBack'>;
  /** Attempts at Kling that failed since the last that did not; null where the last one was well, `unknown` until one ended since the start. */
  readonly upstreamDown: { failures: number; since: Ms; cause: string } | null | 'unknown';
  readonly pools: readonly {
    name: string;
    inUse: number;
    limit: number | null;
    queued: number;
    queueMax: number;
  }[];
  /** Tasks that one app asked for very often while they were open. */
  readonly polledTasks: readonly { app: string; taskId: string; reads: number; since: Ms }[];
  readonly isStoreWritable: boolean;
  /** Why the store's files are not what they were; null while they are. */
  readonly storeLost: string | null;
  readonly walBytes: number | null;
  readonly disk: { freeBytes: number; totalBytes: number } | null;
}
