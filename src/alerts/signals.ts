/** What only the running process knows, as rules see it at a look. Nothing here waits. */
import type { Ms } from '../units.ts';

export interface Signals {
  /** Kling's word that these credentials are refused; null while they are taken. */
  readonly credentials: { code: number; message: string; since: Ms } | null;
  /** Why our clock is not trusted; null while it is. */
  readonly clock: { offsetMs: Ms | null; since: Ms } | null;
  /** Attempts at Kling that failed since the last that did not; null where the last one was well. */
  readonly upstreamDown: { failures: number; since: Ms; cause: string } | null;
  /** What Kling refuses for the whole account, by code, since when. */
  readonly refusals: readonly {
    code: number;
    product: string | null;
    model: string | null;
    message: string;
    since: Ms;
    lastAt: Ms;
  }[];
  readonly pools: readonly {
    name: string;
    inUse: number;
    limit: number | null;
    queued: number;
    queueMax: number;
  }[];
  /** Tasks that one app asked for very often while they were open. */
  readonly polledTasks: readonly { app: string; taskId: string; reads: number; since: Ms }[];
  /** Routes and models whose creates were held without a price of their own. */
  readonly unpriced: readonly { route: string; model: string; at: Ms }[];
  readonly isStoreWritable: boolean;
  /** Why the store's files are not what they were; null while they are. */
  readonly storeLost: string | null;
  readonly walBytes: number | null;
  readonly disk: { freeBytes: number; totalBytes: number } | null;
}
