/**
 * The composed transactions of money: admit, close, observe, look up, resolve.
 *
 * A create's hold goes `held` → `settled` | `released` | `written_off`. It is inserted, and added to the counter of every
 * matching budget, before a byte leaves ({@link AdmitArgs}). It ends by an answer of Kling's or by an operator's order.
 * While nobody knows whether Kling took the request, the hold is `held` and in doubt, and look-ups continue.
 *
 * **Invariant**: a counter equals the sum of its entries. A hold is resolved at most once (the schema forbids a second
 * resolution); another amount that is known later is an `adjust` entry in the hold's window. Nothing here knows HTTP, and
 * nothing here ends a hold because time passed.
 */
import type { NewHold } from '../budget/hold.ts';
import type { UpstreamAsked } from '../budget/hold-upstream.ts';
import type { CallRecord } from '../calls/call.ts';
import type { Fact } from '../facts.ts';
import type { GuardHit, RepeatGuard, StoredAnswer } from '../idempotency/guard.ts';
import type { Joined } from '../idempotency/join-table.ts';
import type { RetryArgs } from '../tasks/retry-table.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { MilliCredits, Ms, WindowKey } from '../units.ts';

export type { NewHold } from '../budget/hold.ts';
export type { EndedGuard, GuardState, RepeatGuard, StoredAnswer } from '../idempotency/guard.ts';

/** How an equal create is known that must join an earlier one (idempotency/join-table.ts). */
export interface JoinArgs {
  hash: string;
  /** When the request arrived: a reading of the clock of ages. */
  arrivedAge: Ms;
}

export interface AdmitArgs {
  hold: NewHold;
  guard: RepeatGuard | null;
  /** Without it, the create neither joins an earlier one nor can be joined. */
  join?: JoinArgs;
  /** Present if its task may be tried again, or if it is a task retry itself. */
  retry?: RetryArgs;
  /** The caller's own address for callbacks, if ours is sent in its place. */
  relayTo?: string;
  /** False in `observe` mode: budgets are reported in `wouldRefuse` and do not refuse. A freeze always does. */
  enforce: boolean;
}

/** The reason of a refusal: the tightest budget that the create would exceed. */
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

export type AdmitResult =
  | {
      kind: 'admitted';
      /** The lowest remainder of the matching budgets in mode `enforce`, after this hold; null if there is none. */
      remainingCredits: MilliCredits | null;
      /** The budget that has it. */
      budget: string | null;
      /** In `observe` mode: the refusal that `protect` would have given. */
      wouldRefuse: BudgetRefusal | null;
      facts: Fact[];
    }
  | { kind: 'refused'; refusal: MoneyRefusal }
  /** A guard was found: nothing is held, and the request gets the first one's answer. */
  | { kind: 'repeat'; state: GuardHit }
  /** The answer of an earlier equal create was lost: nothing is held, and this one gets that answer. */
  | ({ kind: 'join' } & Joined);

/** What the end of an attempt means for the hold. */
export type CreateEnd =
  /** Kling made a task. */
  | { kind: 'task'; sighting: TaskSighting }
  /** A synchronous create was answered; `credits` null means Kling named no deduction (settled as held). */
  | { kind: 'done'; credits: MilliCredits | null; raw: string | null }
  /** Kling refused it and certainly made no task, or it never left: released. */
  | { kind: 'refused'; evidence: string }
  /**
   * Nobody knows: the hold stays, in doubt. With `isRefusal` Kling refused it with a code that is not documented: then Kling's
   * "no such task" ends the doubt after 10 s already.
   */
  | { kind: 'unknown'; evidence: string; isRefusal?: true };

/** The columns of a create that its close reports, as its hold has them. */
export interface HeldAs extends Pick<NewHold, 'operation' | 'model' | 'mode' | 'product' | 'weight'> {
  /** The instance. */
  owner: string;
}

export interface CloseArgs {
  holdId: string;
  /** Lets the usual case do without reading the row. */
  heldAs?: HeldAs;
  at: Ms;
  end: CreateEnd;
  /** All attempts of this create that are not in the journal yet, in order. */
  calls: CallRecord[];
  /** Kling's answer, kept if there is a guard; null (or end `unknown`) keeps the guard open or frees it. */
  answer: StoredAnswer | null;
  /** The clock of ages, for the age of an `unknown` end; without it, `at` is also a reading of that clock. */
  age?: AgeReading;
}

/** A reading of the clock of ages (age-clock.ts). */
export interface AgeReading {
  now: Ms;
  /** The beginning of a doubt that begins now; null: its first answered look-up. */
  doubtFrom: Ms | null;
}

/** The result of a look-up by external id; `failed` (no answer from Kling) does not count as a look-up. */
export interface LookUpArgs {
  holdId: string;
  /** The date of the answer. */
  at: Ms;
  /** A reading of the clock of ages; without it, `at` is one. */
  age?: Ms;
  /** The upstream that was asked; without it, the caller guarantees that it is the hold's. */
  upstream?: UpstreamAsked;
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
  /** A reading of the clock of ages; null until a look-up is answered, if no earlier reading was sure. */
  ageFrom: Ms | null;
  lookUps: number;
}
