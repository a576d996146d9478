/**
 * Guards: what makes a repeated create the same create, so that it is posted to Kling once.
 *
 * A guard is written with the hold, by the caller's idempotency key (its own within an app) or by the caller's own
 * external task id (one over all apps, as it is one over Kling's account). While the first request is open, repeats
 * wait for its answer; then they get that answer, for 24 hours and at least until the hold ends.
 *
 * **Invariant**: while a guard stands, no second hold exists for the same key or id. Our own refusals leave none.
 * Never looks into a body: it knows fingerprints and kept answers only.
 */

import type { HoldState } from '../words.ts';

/** What makes a repeated request the same request. At least one of the two ids is given. */
export interface RepeatGuard {
  /** `idempotency-key` as sent, scoped by app. */
  idempotencyKey: string | null;
  /** The caller's own `external_task_id` (never one we injected). */
  callerTaskId: string | null;
  /** Hash of method, path and body as received. */
  fingerprint: string;
}

/** An answer of Kling's kept for repeats of the same request. */
export interface StoredAnswer {
  status: number;
  /** End-to-end header lines as name, value pairs in order. */
  headers: [string, string][];
  body: Uint8Array;
}

/** Who ends the doubt about a request: look-ups at Kling, or nobody but an operator. */
export type GuardDoubt = 'looked_up' | 'operator';

/** What is known of a request that ended without an answer to give again. */
export interface EndedGuard {
  holdId: string;
  externalTaskId: string | null;
  holdState: HoldState;
  /** Where Kling made a task for it. */
  taskId: string | null;
}

/** How the guard of a repeated request stands, for callers that wait for the first one's answer. */
export type GuardState =
  | { kind: 'answered'; answer: StoredAnswer; holdId: string; externalTaskId: string | null }
  /** The first one has no answer yet. `doubt`: nobody knows whether Kling took it; `null` where it is still sent. */
  | { kind: 'open'; holdId: string; externalTaskId: string | null; doubt: GuardDoubt | null }
  /** The first one is over and no answer of Kling's is kept: there will be none. */
  | ({ kind: 'ended' } & EndedGuard)
  /** The key or id was used for other bytes, or the id by another app. */
  | { kind: 'mismatch'; which: 'idempotency-key' | 'external_task_id' }
  /** The first one was proved not to exist, or nothing was kept: a repeat may be sent as new. */
  | { kind: 'free' };

/** How the first request of the same kind is, where there is one. */
export type GuardHit = Exclude<GuardState, { kind: 'free' }>;
