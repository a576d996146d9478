/** What a create asks of the slots, what it gets, and what is shown of them. */
import type { Ms, Product } from '../units.ts';
import type { OperationWord } from '../words.ts';
import type { Limits, LimitSource } from './limits.ts';

export interface SlotOptions {
  /** False in mode `observe`: slots are counted, and nothing waits. */
  isPaced: boolean;
  limits: Limits;
  /** Requests to Kling a minute, of all apps and our own; null for no limit. */
  requestsPerMinute: number | null;
  queueWaitMsMax: Ms;
  queueLengthMax: number;
}

/** What a create needs to be sent. */
export interface SlotRequest {
  product: Product;
  model: string | null;
  operation: OperationWord;
  /** 1 for a video, the number of pictures for an image. */
  weight: number;
  app: string;
  /** What an equal create has, too: it is known again by it if it comes back after its wait. Null where nothing says so. */
  joinHash: string | null;
  /** The app's own `requestsPerMinute`, or null. */
  appRequestsPerMinute: number | null;
  /** Never waits longer than this, with any options. */
  waitMsMax: Ms;
  /** Aborts the wait when the caller goes away. */
  signal: AbortSignal;
}

export interface PoolState {
  name: string;
  /** With those of tasks that are not ours. */
  inUse: number;
  /** Of tasks of the account that are not ours. */
  elsewhere: number;
  /** Null for a pool without a limit: it is listed while it pauses or creates wait. */
  limit: number | null;
  source: LimitSource | null;
  queued: number;
  /** Until when it sends nothing, on the wall clock; null while it sends. */
  pausedUntil: Ms | null;
}

/** A create that waits. */
export interface WaitingCreate {
  app: string;
  operation: OperationWord;
  /** The pool that it waits for; its product if it waits for a rate. */
  pool: string;
  /** Since when, on the wall clock. */
  since: Ms;
  /** 1 for the one that leaves first of its product. */
  position: number;
  /** An estimate of the rest of its wait. */
  waitMs: Ms;
}

/** Kling refused a create with 1302 or 1303. */
export interface Throttle {
  code: number;
  /** Of the create ({@link poolsOf}). */
  pools: readonly string[];
  /** Of the create; 1 if left out. */
  weight?: number;
  /** The wait that Kling asked for, or null. */
  retryAfterMs: Ms | null;
}

/** The slots of one create: either they pass to its hold, or they become free again. */
export interface SlotTicket {
  waitedMs: Ms;
  pool: string | null;
  /** Passes the slots to a hold: `Slots.free(holdId)` frees them. */
  keepFor(holdId: string): void;
  /** Frees them at once: nothing was sent. Does nothing after `keepFor`. */
  unreserve(): void;
}

/** Names the pools of a create: its product, then its model. */
export function poolsOf(request: Pick<SlotRequest, 'product' | 'model'>): string[] {
  return request.model === null ? [request.product] : [request.product, request.model];
}
