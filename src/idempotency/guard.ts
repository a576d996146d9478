/**
 * Guards: they recognise a repeated create, so that it is posted to Kling once.
 *
 * A guard is written with the hold, by the caller's idempotency key (its own within an app) or by the caller's own
 * external task id (one over all apps, as it is one over Kling's account). While the first request is open, repeats
 * wait for its answer; then they get that answer, for 24 hours and at least until the hold ends.
 *
 * **Invariant**: while a guard exists, there is no second hold for the same key or id. Our own refusals leave none.
 * Never reads a body: it has only fingerprints and kept answers.
 */

import type { HoldState } from '../words.ts';

/** The identity of a repeated request. At least one of the two ids is given. */
export interface RepeatGuard {
  /** `idempotency-key`, unchanged, scoped by app. */
  idempotencyKey: string | null;
  /** The caller's own `external_task_id` (never one we injected). */
  callerTaskId: string | null;
  /** Hash of the received method, path and body. */
  fingerprint: string;
}

/** An answer of Kling's kept for repeats of the same request. */
export interface StoredAnswer {
  status: number;
  /** End-to-end header lines as name, value pairs in order. */
  headers: [string, string][];
  body: Uint8Array;
}

/** Who can end the doubt about a request: look-ups at Kling, or only an operator. */
export type GuardDoubt = 'looked_up' | 'operator';

/** A request that ended without an answer to give again. */
export interface EndedGuard {
  holdId: string;
  externalTaskId: string | null;
  holdState: HoldState;
  /** The task, if Kling made one for it. */
  taskId: string | null;
}

/** The state of a repeated request's guard, for callers that wait for the first one's answer. */
export type GuardState =
  | { kind: 'answered'; answer: StoredAnswer; holdId: string; externalTaskId: string | null }
  /** The first one has no answer yet. `doubt`: nobody knows whether Kling took it; `null` while it is being sent. */
  | { kind: 'open'; holdId: string; externalTaskId: string | null; doubt: GuardDoubt | null }
  /** The first one is over and no answer of Kling's is kept: there will be none. */
  | ({ kind: 'ended' } & EndedGuard)
  /** The key or id was used for other bytes, or the id by another app. */
  | { kind: 'mismatch'; which: 'idempotency-key' | 'external_task_id' }
  /** The first one was proved not to exist, or nothing was kept: a repeat may be sent as new. */
  | { kind: 'free' };

/** The state of the first equal request, if there is one. */
export type GuardHit = Exclude<GuardState, { kind: 'free' }>;
/** The state of the first request, if it is the same. */
export type FoundGuard = Exclude<GuardHit, { kind: 'mismatch' }>;
