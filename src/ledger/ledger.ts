/**
 * The composed transactions of money: admit, close, observe, look up, resolve.
 *
 * A create's hold goes `held` → `settled` | `released` | `written_off`. It is inserted, with its counters in every
 * matching budget, before a byte leaves ({@link AdmitArgs}); it ends on what Kling says or on an operator's word.
 * While nobody knows whether Kling took the request it is `held` and in doubt, and look-ups go on.
 *
 * **Invariant**: a counter row equals what its entries say; a hold is resolved at most once (the schema forbids a
 * second resolution); what is learnt later becomes an `adjust` entry in the window of the hold. Nothing here knows
 * HTTP, and nothing here ends a hold because time passed.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Fact } from '../facts.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { MilliCredits, Ms, Product, WindowKey } from '../units.ts';
import type { Mode, OperationWord, PriceBasis } from '../words.ts';

/** Everything a hold records of the create it pays for. */
export interface NewHold {
  holdId: string;
  requestId: string;
  /** The caller's instant; the hold's own is never earlier than that of the last hold. */
  at: Ms;
  app: string;
  tag: string | null;
  /** The exact path that is sent: the poller asks there for tasks of the legacy generation. */
  path: string;
  route: string;
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  product: Product;
  /** As in the body or as assumed, e.g. `5`; null where the operation has no length. */
  durationSeconds: string | null;
  credits: MilliCredits;
  basis: PriceBasis;
  /** Slots of Kling's concurrency limit that the task takes. */
  weight: number;
  /** The id in effect, ours or the caller's; null where the route knows none or none may be injected. */
  externalTaskId: string | null;
  /** Hash of the prompt and its masked beginning; never the prompt. */
  prompt: { hash: string; preview: string } | null;
}

/** What makes a repeated request the same request. At least one of the two ids is given. */
export interface RepeatGuard {
  /** `idempotency-key` as sent, scoped by app. */
  idempotencyKey: string | null;
  /** The caller's own `external_task_id` (never one we injected). */
  callerTaskId: string | null;
  /** Hash of method, path and body as received. */
  fingerprint: string;
}

export interface AdmitArgs {
  hold: NewHold;
  guard: RepeatGuard | null;
  /** False in `observe` mode: budgets and freeze are reported in `wouldRefuse` and do not refuse. */
  enforce: boolean;
}

/** Why a create may not leave: the tightest budget that it would pass. */
export interface BudgetRefusal {
  word: 'budget_exceeded';
  budget: string;
  limitCredits: MilliCredits;
  settledCredits: MilliCredits;
  heldCredits: MilliCredits;
  inDoubtCredits: MilliCredits;
  neededCredits: MilliCredits;
  windowKey: WindowKey;
  /** Null for a `total` budget. */
  resetsAt: Ms | null;
}
export interface FreezeRefusal {
  word: 'spending_frozen';
  reason: string;
  since: Ms;
  actor: string;
}
export type MoneyRefusal = BudgetRefusal | FreezeRefusal;

/** An answer of Kling's kept for repeats of the same request. */
export interface StoredAnswer {
  status: number;
  /** End-to-end header lines as name, value pairs in order. */
  headers: [string, string][];
  body: Uint8Array;
}

export type AdmitResult =
  | {
      kind: 'admitted';
      /** Lowest remainder among matching enforcing budgets after this hold; null where there is none. */
      remainingCredits: MilliCredits | null;
      /** In `observe` mode: what `protect` would have refused. */
      wouldRefuse: MoneyRefusal | null;
      facts: Fact[];
    }
  | { kind: 'refused'; refusal: MoneyRefusal }
  | { kind: 'replay'; answer: StoredAnswer; holdId: string; externalTaskId: string | null }
  /** The first request with this key or id has no answer yet. */
  | { kind: 'in_progress'; holdId: string; externalTaskId: string | null }
  | { kind: 'mismatch'; which: 'idempotency-key' | 'external_task_id' };

/** What an attempt's end says about the hold. */
export type CreateEnd =
  /** Kling made a task. */
  | { kind: 'task'; sighting: TaskSighting }
  /** A synchronous create was answered; `credits` null means Kling named no deduction (settled as held). */
  | { kind: 'done'; credits: MilliCredits | null; raw: string | null }
  /** Kling refused it, provably without a task, or it never left: released. */
  | { kind: 'refused'; evidence: string }
  /** Nobody knows: the hold stays, in doubt. */
  | { kind: 'unknown'; evidence: string };

export interface CloseArgs {
  holdId: string;
  at: Ms;
  end: CreateEnd;
  /** Every attempt made for this create that is not yet journalled, in order. */
  calls: CallRecord[];
  /** Kling's answer, kept where a guard was given; null (or end `unknown`) keeps the guard open or frees it. */
  answer: StoredAnswer | null;
}

/** What a look-up by external id showed: `failed` (no answer from Kling) does not count as one. */
export interface LookUpArgs {
  holdId: string;
  at: Ms;
  outcome:
    | { kind: 'found'; sighting: TaskSighting; answer: StoredAnswer | null }
    | { kind: 'absent'; evidence: string }
    | { kind: 'failed' };
}

/** An in-doubt hold that is due for a look-up. */
export interface DueLookUp {
  holdId: string;
  externalTaskId: string;
  path: string;
  route: string;
  app: string;
  doubtSince: Ms;
  lookUps: number;
}

/** How the guard of a repeated request stands, for callers that wait for the first one's answer. */
export type GuardState =
  | { kind: 'answered'; answer: StoredAnswer; holdId: string; externalTaskId: string | null }
  | { kind: 'open' }
  /** The first one was proved not to exist, or nothing was kept: a repeat may be sent as new. */
  | { kind: 'free' };
