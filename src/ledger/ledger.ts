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
import type { NewHold } from '../budget/hold.ts';
import type { UpstreamAsked } from '../budget/hold-upstream.ts';
import type { CallRecord } from '../calls/call.ts';
import type { Fact } from '../facts.ts';
import type { GuardHit, RepeatGuard, StoredAnswer } from '../idempotency/guard.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { MilliCredits, Ms, WindowKey } from '../units.ts';

export type { NewHold } from '../budget/hold.ts';
export type { EndedGuard, GuardState, RepeatGuard, StoredAnswer } from '../idempotency/guard.ts';

export interface AdmitArgs {
  hold: NewHold;
  guard: RepeatGuard | null;
  /** False in `observe` mode: budgets are reported in `wouldRefuse` and do not refuse. A freeze always does. */
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

export type AdmitResult =
  | {
      kind: 'admitted';
      /** Lowest remainder among matching enforcing budgets after this hold; null where there is none. */
      remainingCredits: MilliCredits | null;
      /** The budget that has it. */
      budget: string | null;
      /** In `observe` mode: what `protect` would have refused. */
      wouldRefuse: BudgetRefusal | null;
      facts: Fact[];
    }
  | { kind: 'refused'; refusal: MoneyRefusal }
  /** A guard was found: nothing is held, and the request is answered from what its first one shows. */
  | { kind: 'repeat'; state: GuardHit };

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
  /** The clock of ages, by which an end that is `unknown` grows old; left out, `at` is a reading of it too. */
  age?: AgeReading;
}

/** What the clock of ages shows (age-clock.ts). */
export interface AgeReading {
  now: Ms;
  /** From when a doubt that begins now counts; null: from its first answered look-up. */
  doubtFrom: Ms | null;
}

/** What a look-up by external id showed: `failed` (no answer from Kling) does not count as one. */
export interface LookUpArgs {
  holdId: string;
  /** The date of what it shows. */
  at: Ms;
  /** A reading of the clock of ages; left out, `at` is one too. */
  age?: Ms;
  /** Which upstream was asked; left out, the caller vouches that it is the hold's. */
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
  /** A reading of the clock of ages; null until a look-up is answered, where no reading was sure. */
  ageFrom: Ms | null;
  lookUps: number;
}
