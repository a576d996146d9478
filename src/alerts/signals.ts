/** State of the running process for the rules of a look. Nothing here waits. */
import type { BudgetForecast } from '../telemetry/forecast.ts';
import type { Ms } from '../units.ts';

export interface Signals {
  /** Kling's refusal of these credentials; null while they are accepted, `unknown` before Kling's first answer since the start. */
  readonly credentials: { code: number; message: string; since: Ms } | null | 'unknown';
  /** Why our clock is not trusted; null while it is, `unknown` before its first comparison with Kling's since the start. */
  readonly clock: { offsetMs: Ms | null; since: Ms } | null | 'unknown';
  /** The forecast of the gauges: one instance for both, so that they show the same. */
  readonly budgetForecast: Pick<BudgetForecast, 'note' | 'reachesBack'>;
  /** Failed attempts at Kling since the last successful one; null if the last one succeeded, `unknown` before the first since the start. */
  readonly upstreamDown: { failures: number; since: Ms; cause: string } | null | 'unknown';
  /** The breaker for creates; `since` is when the first of its failures ended. */
  readonly breaker: { isOpen: boolean; failures: number; since: Ms | null; cause: string | null };
  readonly pools: readonly {
    name: string;
    inUse: number;
    limit: number | null;
    queued: number;
    queueMax: number;
  }[];
  /** Tasks that one app asked for very often while they were open. */
  readonly polledTasks: readonly { app: string; taskId: string; reads: number; since: Ms }[];
  /** Kept results; null while they are not kept. */
  readonly results: {
    noRoom: 'over_quota' | 'disk_low' | null;
    savedBytes: number;
    quotaBytes: number;
  } | null;
  /** Callbacks that were refused for their signature in the last hour. */
  readonly unsignedCallbacks: number;
  readonly isStoreWritable: boolean;
  /** Why the store's files are not those that were opened; null while they are. */
  readonly storeLost: string | null;
  readonly walBytes: number | null;
  readonly disk: { freeBytes: number; totalBytes: number } | null;
}
