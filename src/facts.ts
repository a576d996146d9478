/**
 * Facts: events that the nouns return and the edges report.
 *
 * **Invariant**: a closed union of plain values, so that a worker can send them unchanged. Nouns return
 * facts and report nothing themselves; the edges make metrics, logs and alerts of them. A fact that somebody
 * must hear (`outbox/heard-facts.ts`) is also kept by the transaction that made it true.
 */
import type { MilliCredits, Ms, Product, WindowKey } from './units.ts';
import type { HoldState, Mode, OperationWord, TaskState } from './words.ts';

/** The common fields of every fact about a create. */
export interface CreateLabels {
  app: string;
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
}

export type Fact =
  /** A budget's settled + held reached one of its thresholds (a share such as 0.8), or its limit (1), once per window. */
  | {
      kind: 'budget_threshold';
      budget: string;
      mode: 'enforce' | 'shadow';
      /** The counter of budget, window and value of a `per`. */
      counterId: string;
      /** The budget's `per`, with the app or tag of this one; null and empty without `per`. */
      per: 'app' | 'tag' | null;
      perValue: string;
      windowKey: WindowKey;
      /** Whether it is still the present window: late facts about a create belong to the window of its hold. */
      isPresent: boolean;
      /** When the present window ends; null for one that is over, or that never ends. */
      resetsAt: Ms | null;
      share: number;
      usedCredits: MilliCredits;
      limitCredits: MilliCredits;
      at: Ms;
    }
  /** A create is held and may be sent to that upstream. */
  | {
      kind: 'create_held';
      holdId: string;
      heldCredits: MilliCredits;
      upstream: { host: string; account: string };
    }
  /** A create was held without a price of its own: its route has none, or its model is not in the price list. */
  | ({
      kind: 'create_unpriced';
      holdId: string;
      /** Our template; for a path that is in no table the path itself, with `*` for what differs from one create to the next. */
      route: string;
      heldCredits: MilliCredits;
      /** Whether the price is unknown; else it is the highest that fits. */
      isUnknown: boolean;
      at: Ms;
    } & CreateLabels)
  /** A hold ended. `credits` is the charge, `heldCredits` the amount held before. */
  | ({
      kind: 'hold_resolved';
      holdId: string;
      state: Exclude<HoldState, 'held'>;
      credits: MilliCredits;
      heldCredits: MilliCredits;
      basis: 'reported' | 'estimate' | 'none';
      at: Ms;
    } & CreateLabels)
  /** Kling reported another amount after the hold had ended; `byCredits` may be negative. */
  | ({ kind: 'hold_adjusted'; holdId: string; byCredits: MilliCredits; at: Ms } & CreateLabels)
  /** More was deducted than was held. */
  | ({
      kind: 'actual_above_estimate';
      holdId: string;
      credits: MilliCredits;
      heldCredits: MilliCredits;
      at: Ms;
    } & CreateLabels)
  | ({
      kind: 'hold_in_doubt';
      holdId: string;
      heldCredits: MilliCredits;
      externalTaskId: string | null;
      at: Ms;
    } & CreateLabels)
  /** An in-doubt create was found, or Kling answered that it does not exist. */
  | ({
      kind: 'doubt_ended';
      holdId: string;
      found: boolean;
      taskId: string | null;
      at: Ms;
    } & CreateLabels)
  | ({
      kind: 'task_changed';
      holdId: string;
      taskId: string;
      product: Product;
      from: TaskState | null;
      to: TaskState;
      createdAt: Ms;
      ageMs: Ms;
      /** Kling's own time of the state; null if the answer had none. */
      klingAt: Ms | null;
      /** Slots of Kling's concurrency limit that it takes. */
      weight: number;
      statusMessage: string | null;
      at: Ms;
    } & CreateLabels)
  /** A later answer of Kling's contradicts the end of a task; the end stays. Once for each task and state. */
  | ({
      kind: 'task_contradicted';
      holdId: string;
      taskId: string;
      known: TaskState;
      seen: TaskState;
      statusMessage: string | null;
      at: Ms;
    } & CreateLabels)
  /** A task was open for 30 days without an end: nobody asks for it any more, and its hold stays. */
  | ({
      kind: 'task_lost';
      holdId: string;
      taskId: string;
      product: Product;
      /** The last known one. */
      state: TaskState;
      /** The slots that its create took. */
      weight: number;
      createdAt: Ms;
      /** 0 if an operator has ended the hold. */
      heldCredits: MilliCredits;
      at: Ms;
    } & CreateLabels)
  /** A file of a task's results was not saved before Kling's time for it was over, or Kling named none for a day. */
  | ({
      kind: 'result_lost';
      holdId: string;
      taskId: string;
      why: 'expired' | 'no_addresses';
      at: Ms;
    } & CreateLabels)
  /**
   * A claim's filing dates: a draft may be filed from now on (`open`), has few days left (`due`), was not filed in
   * time (`missed`); or a granted voucher ends soon. Days are `YYYY-MM-DD`, `asked` is in millionths of the currency.
   */
  | {
      kind: 'claim_deadline';
      step: 'open' | 'due' | 'missed' | 'voucher_ends';
      /** The step with its days, such as `due_14`: each is a notice of its own, once a month. */
      notice: string;
      daysLeft: number;
      month: string;
      revision: number;
      percent: number;
      asked: number | null;
      currency: string | null;
      earliest: string;
      latest: string;
      folder: string;
      at: Ms;
    }
  /** A month broke the commitment and its claim was drafted, or drafted again. */
  | {
      kind: 'claim_drafted';
      month: string;
      revision: number;
      percent: number;
      folder: string;
      /** Present if a withdrawn draft is valid again. */
      isReopened?: true;
      at: Ms;
    }
  /** Nothing is due any more for a month: its draft must not be filed. */
  | { kind: 'claim_withdrawn'; month: string; revision: number; why: string; at: Ms }
  | { kind: 'spending_frozen'; reason: string; actor: string; at: Ms }
  | { kind: 'spending_resumed'; reason: string; actor: string; at: Ms }
  /**
   * A job ended. Recorded if it failed, if runs were missed before it, and if it is the first successful run after a
   * failed one: a success after a success needs no report. `missed` counts the missed runs before this one.
   */
  | {
      kind: 'job_ended';
      job: string;
      result: 'ok' | 'failed';
      /** The failure, without secrets; null without one. */
      error: string | null;
      missed: number;
      at: Ms;
    };
